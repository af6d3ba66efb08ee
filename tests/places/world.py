"""A small world with releases for each place: its contracts, its warehouse, its candidates."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import duckdb

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.gate import evidence
from rcs_pipeline.ledger.records import CandidateRecord, CheckSeverity, Outcome, Plan, ReleaseRecord, Verdict
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import approve
from rcs_pipeline.release.plan import make_plan
from rcs_pipeline.release.publish import publish
from rcs_pipeline.site.index import write_pages
from rcs_pipeline.warehouse.build import _tables
from tests.release import helpers

CONTRACTS = Path(__file__).with_name("contracts")
PRODUCT = CONTRACTS / "products" / "many"
CPPS = ("S12000005", "S12000014", "S12000020")
# Every school of a partnership has its code in its own: S12000005 has the schools 51, 52 and 53.
SCHOOLS = {cpp: tuple(f"{cpp.removeprefix('S120000').lstrip('0')}{n}" for n in (1, 2, 3)) for cpp in CPPS}


def product(folder: Path = PRODUCT) -> Product:
    """The contracts of the world."""
    return read_product(folder)


def write_warehouse(path: Path, *, cpps: tuple[str, ...] = CPPS, more: int = 0) -> Path:
    """A `warehouse.duckdb` with a school row that says its place, and rows that no place may see.

    Args:
        path: where to.
        cpps: the partnerships that took part.
        more: added to every number of answers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    schools = [(cpp, code) for cpp in cpps for code in SCHOOLS[cpp]]
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table schools (cpp_code varchar, school_code varchar)")
        connection.executemany("insert into schools values (?, ?)", schools)
        connection.execute(
            "create table figures as select 'q' || q as question, school_code, 'School ' || school_code"
            " || ', \"by the sea\"' as school_name, cpp_code, 'school' as level,"
            f" (school_code::integer * q % 60 + {more})::bigint as answers, null::varchar as symbol,"
            " 'secret' as internal from schools, range(1, 4) t(q) order by hash(school_code || q)"
        )
        connection.execute(
            "insert into figures values"
            " ('q1', null, 'All', null, 'programme', 900, null, 'secret'),"
            " ('q1', 'unplaced', 'Of no partnership', null, 'school', 90, null, 'secret')"
        )
        connection.execute(
            "create table places as select distinct cpp_code, right(cpp_code, 2)::double / 100 as share"
            " from schools"
        )
        connection.execute(
            "create table notes as select school_code, 'only for ' || school_code as note from schools"
            " where right(school_code, 1) = '1'"
        )
    return path


def plain_contracts(folder: Path) -> Path:
    """The same contracts without workbooks and databases, which take most of the time of a publication."""
    contracts = Path(shutil.copytree(CONTRACTS, folder / "contracts"))
    file = contracts / "products" / "many" / "product.yaml"
    text = file.read_text(encoding="utf-8")
    for title in ("Everybody", "One partnership"):
        text = text.replace(f"title: {title},", f"title: {title}, formats: [parquet],")
    file.write_text(text, encoding="utf-8")
    return contracts


def home(folder: Path, contracts: Path = CONTRACTS) -> Workspace:
    """A synthetic home that knows only this world's contracts."""
    return helpers.home(folder, contracts=contracts)


def candidate(
    workspace: Workspace,
    *,
    cpps: tuple[str, ...] = CPPS,
    more: int = 0,
    built_at: str = "2026-05-04T10:00:00+00:00",
) -> CandidateRecord:
    """A candidate as build, disclosure and audit leave it; what else the gate asks for has passed."""
    known = workspace.catalogue.product("many")
    work = workspace.paths.work / "made"
    protect(write_warehouse(work / "warehouse.duckdb", cpps=cpps, more=more), work / "protected", known)
    evidence.keep_contracts(work, known)
    (work / "dbt").mkdir()
    (work / "dbt" / "manifest.json").write_text("{}", encoding="utf-8")
    tables = _tables(work / "protected")
    digest = hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()
    folder = workspace.paths.candidates / digest[:16]
    work.rename(folder)
    record = helpers.entered(workspace, known, folder, digest, tables, built_at)
    judged = {item.check: item for item in audit(folder, known)}
    verdicts = [
        judged.get(check, Verdict(check, "contract", CheckSeverity.CRITICAL, Outcome.PASS, "as promised"))
        for check in record.required_checks
    ]
    note = evidence.audited_note(workspace, record, verdicts)
    workspace.ledger.record_verdicts(record.hash, verdicts, workspace.now(), note)
    return record


def approved(workspace: Workspace) -> Plan:
    """The plan for the newest candidate, signed off by as many people as it takes."""
    plan = make_plan(workspace, "many")
    for name in ("demo-approver", "second-approver")[: plan.detail["approvals_needed"]]:
        approve(workspace, plan.id, name, "read the changes")
    return plan


def released(workspace: Workspace) -> ReleaseRecord:
    """The newest candidate, planned, signed off and published."""
    return publish(workspace, approved(workspace).id, pages=write_pages)
