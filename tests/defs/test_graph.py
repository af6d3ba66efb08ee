"""The asset graph: what it holds, that every declared check is wired, and what it costs to load."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from syrupy.assertion import SnapshotAssertion

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.definitions import build_defs
from rcs_pipeline.defs.gate import OPEN, check_name, verdict_kinds
from rcs_pipeline.defs.home import WRITER_POOL
from rcs_pipeline.defs.manifest import MANIFEST, committed_models, parse_project
from rcs_pipeline.gate import required

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "dbt",
    "great_expectations",
    "pandas",
    "pyarrow",
    "pyreadstat",
    "duckdb",
    "scipy",
    "openpyxl",
)


@pytest.fixture(scope="module")
def defs(catalogue: Catalogue) -> dg.Definitions:
    return build_defs(catalogue)


def specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    found = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    return dict(sorted(found.items()))


def checks(defs: dg.Definitions) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key in defs.resolve_asset_graph().asset_check_keys:
        found.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    return found


def test_the_graph_is_the_one_that_was_agreed(defs: dg.Definitions, snapshot: SnapshotAssertion) -> None:
    lines = []
    for name, spec in specs(defs).items():
        deps = ", ".join(sorted(dep.asset_key.to_user_string() for dep in spec.deps)) or "-"
        parts = " partitioned" if spec.partitions_def else ""
        lines.append(f"{name} [{spec.group_name}]{parts} <- {deps}")
    jobs = sorted(job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__"))
    graph = defs.resolve_asset_graph()
    for job in jobs:
        selected = defs.resolve_job_def(job).asset_layer.executable_asset_keys
        roots = sorted(key.to_user_string() for key in selected if graph.get(key).group_name != "warehouse")
        lines.append(f"job {job}: {', '.join(roots)}")
    assert "\n".join(lines) == snapshot


def test_every_asset_says_what_it_is_whose_it_is_and_how_it_is_written(defs: dg.Definitions) -> None:
    for name, spec in specs(defs).items():
        assert spec.description, name
        assert spec.owners, name
        assert all("@" in owner or owner.startswith("team:") for owner in spec.owners), name
        assert spec.group_name in {"intake", "warehouse", "gate", "release", "planning"}, name
    pools = {asset.op.pool for asset in defs.resolve_asset_graph().assets_defs if asset.is_executable}
    assert pools == {WRITER_POOL}


def test_deliveries_and_published_tables_show_their_contracts_columns(
    defs: dg.Definitions, catalogue: Catalogue
) -> None:
    found = specs(defs)
    for dataset, contract in catalogue.deliveries.items():
        schema = found[f"deliveries/{dataset}"].metadata["dagster/column_schema"]
        names = [column.name for column in schema.columns]
        assert names[: len(contract.stored_columns)] == [column.name for column in contract.stored_columns]
    for product in catalogue.products.values():
        for table in product.tables:
            schema = found[f"{product.id}/{table.name}"].metadata["dagster/column_schema"]
            assert [column.name for column in schema.columns] == [column.name for column in table.columns]


def test_a_release_shows_how_old_it_may_grow_by_its_contract(
    defs: dg.Definitions, catalogue: Catalogue
) -> None:
    policy = specs(defs)["rcs/release"].freshness_policy
    release = catalogue.product("rcs").file.release
    assert isinstance(policy, TimeWindowFreshnessPolicy)
    assert policy.fail_window.to_timedelta().days == release.fresh_days
    assert release.next_release is not None
    assert {"fresh_days", "next_release"} <= set(release.stated), "each says why, and who may change it"


def test_partitions_are_the_collections_of_the_register(defs: dg.Definitions, catalogue: Catalogue) -> None:
    keys = [item.key for item in catalogue.register.collections]
    for dataset in catalogue.deliveries:
        partitions = specs(defs)[f"deliveries/{dataset}"].partitions_def
        assert partitions is not None
        assert list(partitions.get_partition_keys()) == keys
    with_tranche = [item for item in catalogue.register.collections if item.tranche]
    assert all(item.key.startswith(f"t{item.tranche}-") for item in with_tranche)


def test_every_declared_check_is_wired(defs: dg.Definitions, catalogue: Catalogue) -> None:
    wired = checks(defs)
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    judged = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    on_models = {name for model in committed_models() for name in wired.get(f"rcs/{model.name}", ())}
    assert on_models == judged
    for product in catalogue.products.values():
        on_candidate = wired[f"{product.id}/candidate"]
        needed = {*required.from_contracts(product), *required.from_manifest(manifest)}
        assert {check_name(check.split(".")[0]) for check in needed} | {OPEN} == on_candidate
        assert on_candidate == {*map(check_name, verdict_kinds(product)), OPEN}
    for dataset in catalogue.deliveries:
        assert len(wired[f"deliveries/{dataset}"]) == 3


def test_checks_that_close_the_gate_block_their_own_run(defs: dg.Definitions) -> None:
    blocking = {
        f"{spec.asset_key.to_user_string()}:{spec.name}"
        for asset in defs.resolve_asset_graph().assets_defs
        for spec in asset.check_specs
        if spec.blocking
    }
    assert {name.split(":")[0].split("/")[-1] for name in blocking if not name.startswith("deliveries/")} == {
        "candidate"
    }
    assert {name.split(":")[1] for name in blocking if name.startswith("deliveries/")} == {"receipt_adds_up"}


def test_nobody_imports_the_room_of_dagster_but_its_table_of_contents() -> None:
    importers = []
    for path in sorted((ROOT / "rcs_pipeline").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.startswith(("rcs_pipeline.defs", "rcs_pipeline.definitions")) for name in names):
                importers.append(path.relative_to(ROOT / "rcs_pipeline").as_posix())
    strangers = {name for name in importers if not name.startswith("defs/")}
    assert strangers == {"definitions.py"}


def test_definitions_load_in_time_and_without_the_tools_that_only_runs_need() -> None:
    program = (
        "import json, sys, time; started = time.process_time(); import rcs_pipeline.definitions as d; "
        "d.defs.resolve_asset_graph(); d.defs.resolve_all_job_defs(); "
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]; "
        "print(json.dumps([time.process_time() - started, heavy]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    seconds, heavy = json.loads(done.stdout.splitlines()[-1])
    assert heavy == []
    # Time of this process on a processor: what other programs do meanwhile does not count.
    assert seconds <= 6


def test_a_missing_manifest_is_made(tmp_path: Path) -> None:
    target = tmp_path / "target" / "manifest.json"
    parse_project(target)
    assert "nodes" in json.loads(target.read_text(encoding="utf-8"))
