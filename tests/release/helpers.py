"""A home with a small product, candidates made by hand, and the everyday walk from plan to release."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.gate import evidence
from rcs_pipeline.gate.required import required_checks
from rcs_pipeline.ledger.records import CandidateRecord, CheckSeverity, Outcome, Plan, ReleaseRecord, Verdict
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import approve
from rcs_pipeline.release.plan import make_plan
from rcs_pipeline.release.publish import publish
from rcs_pipeline.site.index import write_pages

CONTRACTS = Path(__file__).with_name("contracts")
INPUTS = ({"dataset": "wellbeing_primary", "collection": "t1-here-2016", "sha256": "ab" * 32, "receipt": 1},)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

ESTIMATES = """
select 'i' || i as indicator_id, 'S' || (12000000 + a) as area,
    case when i = 3 and a = 2 then null else (i * 7 + a * 3) % 100 / 100.0 end::double as estimate,
    case when i = 3 and a = 2 then null else (i * 7 + a * 3) % 100 / 100.0 - 0.05 end::double as lower,
    case when i = 3 and a = 2 then null else (i * 7 + a * 3) % 100 / 100.0 + 0.05 end::double as upper,
    (40 + i + a)::integer as base, i % 2 = 0 as better, date '2016-03-01' + a::integer as collected,
    case when i = 3 and a = 2 then 'c' end as symbol, null::varchar as release_version
from range(1, 6) t(i), range(1, 5) u(a)
"""
INDICATORS = """
select 'i' || i as indicator_id, case when i % 2 = 0 then 'up' else 'down' end as polarity,
    'Title, "quoted" ' || i as title, null::varchar as release_version
from range(1, 6) t(i)
"""


@cache
def catalogue(contracts: Path) -> Catalogue:
    """The contracts of a folder, read once; tests that edit contracts do so in a folder of their own."""
    return load_catalogue(base=contracts)


def home(
    folder: Path, *, synthetic: bool = True, contracts: Path = CONTRACTS, clock: datetime = NOON
) -> Workspace:
    """A workspace in `folder` that knows only the test's own contracts."""
    settings = load_settings(
        {"home": str(folder), "name": "demo-builder"}, environment={}, folder=folder.parent
    )
    workspace = Workspace(settings, clock=lambda: clock)
    workspace.__dict__["catalogue"] = catalogue(contracts)
    if synthetic:
        workspace.paths.demo_mark.write_text("{}", encoding="utf-8")
    return workspace


def at(workspace: Workspace, clock: datetime) -> Workspace:
    """The same home at another time, in a process of its own as far as caches go."""
    later = replace(workspace, clock=lambda: clock)
    later.__dict__["catalogue"] = workspace.catalogue
    return later


def candidate(
    workspace: Workspace,
    estimates: str = ESTIMATES,
    indicators: str = INDICATORS,
    *,
    audiences: tuple[str, ...] = ("open", "partnership"),
    built_at: str = "2026-05-04T10:00:00+00:00",
    passing: bool = True,
) -> CandidateRecord:
    """A candidate as the warehouse, disclosure and the gate leave it."""
    product = workspace.catalogue.product("mini")
    work = workspace.paths.work / "protected"
    tables: dict[str, dict[str, Any]] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for audience in audiences:
            for name, query in (("estimates", estimates), ("indicators", indicators)):
                if not product.table(name).columns_for(audience):
                    continue
                path = work / audience / f"{name}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                connection.execute(f"copy ({query}) to '{path}' (format parquet)")
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                tables[f"{audience}/{name}"] = {"sha256": digest, "rows": 0}
    evidence.keep_contracts(work.parent / "made", product)
    contracts = [
        path.read_text(encoding="utf-8") for path in sorted((work.parent / "made/contracts").iterdir())
    ]
    digest = hashlib.sha256(json.dumps([tables, contracts], sort_keys=True).encode()).hexdigest()
    folder = workspace.paths.candidates / digest[:16]
    if not folder.exists():
        (work.parent / "made").rename(folder)
        work.rename(folder / "protected")
        (folder / "dbt").mkdir()
        (folder / "dbt" / "manifest.json").write_text("{}", encoding="utf-8")
    record = entered(workspace, product, folder, digest, tables, built_at)
    if passing:
        pass_all(workspace, record)
    return record


def entered(
    workspace: Workspace, product: Product, folder: Path, digest: str, tables: dict[str, dict[str, Any]],
    built_at: str,
) -> CandidateRecord:  # fmt: skip
    """Enter a candidate's folder into the ledger, sealed and not yet judged."""
    record = CandidateRecord(
        hash=digest,
        product=product.id,
        built_at=built_at,
        builder="demo-builder",
        os_account="tester",
        path=workspace.paths.relative(folder),
        synthetic=workspace.synthetic,
        inputs=INPUTS,
        tables=tables,
        contracts={table.id: table.version for table in product.tables},
        required_checks=required_checks(product, {}),
    )
    workspace.ledger.add_candidate(record)
    evidence.note_sealed(workspace, record)
    return record


def pass_all(workspace: Workspace, record: CandidateRecord) -> None:
    """Record a passing verdict on every required check."""
    verdicts = [
        Verdict(name, "contract", CheckSeverity.CRITICAL, Outcome.PASS, f"secret of {name}", location="row 7")
        for name in record.required_checks
    ]
    note = evidence.audited_note(workspace, record, verdicts)
    workspace.ledger.record_verdicts(record.hash, verdicts, workspace.now(), note)


def approved(workspace: Workspace) -> Plan:
    """The plan for the newest candidate, signed off by a second person."""
    plan = make_plan(workspace, "mini")
    approve(workspace, plan.id, "demo-approver", "read the changes")
    return plan


def released(workspace: Workspace) -> ReleaseRecord:
    """The newest candidate, planned, signed off and published."""
    return publish(workspace, approved(workspace).id, pages=write_pages)


def corrected(value: str = "0.5") -> str:
    """The estimates with one number put right."""
    return ESTIMATES.replace("case when i = 3", f"case when i = 1 and a = 1 then {value} when i = 3", 1)
