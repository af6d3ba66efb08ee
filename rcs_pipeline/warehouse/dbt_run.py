"""Running dbt, and reading what it says.

Belongs here: assembling the project of a product, the commands, their results as records.
Does not belong here: what is in the models, the process that dbt runs in (see `dbt_process`).
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.warehouse.dbt_process import READ_BY_DBT, Dbt, prepared
from rcs_pipeline.warehouse.generate import COMMITTED_PRODUCT, PROJECT, generated_files, is_generated

FIXED = ("dbt_project.yml", "profiles.yml")
SHARED = ("macros", "seeds")
HAND_WRITTEN = ("models", "tests")
_ERROR = re.compile(r"[A-Za-z_.]+(Error|Exception|Interrupt)\b")


@dataclass(frozen=True)
class NodeResult:
    """How one model, seed, test or unit test of the build ended."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    message: str
    failures: int | None
    seconds: float
    rows: int | None
    attached_to: str | None

    @property
    def passed(self) -> bool:
        """Whether nothing is to be said against it. A data test that `warn`s has found rows."""
        return self.status in ("success", "pass")


def assemble(catalogue: Catalogue, product: Product, folder: Path) -> None:
    """Make `folder` the product's dbt project; right files stay untouched: dbt parses what changed."""
    wanted: dict[str, bytes] = {name: (PROJECT / name).read_bytes() for name in FIXED}
    kept = (*SHARED, *HAND_WRITTEN) if product.id == COMMITTED_PRODUCT else SHARED
    for kind in kept:
        for path in sorted((PROJECT / kind).rglob("*")):
            if path.suffix in READ_BY_DBT and not (kind == "models" and is_generated(path)):
                wanted[path.relative_to(PROJECT).as_posix()] = path.read_bytes()
    wanted |= {name: text.encode() for name, text in generated_files(catalogue, product).items()}
    for seed in [
        name for name in wanted if name.startswith("seeds/") and not _is_read(Path(name).stem, wanted)
    ]:
        del wanted[seed]
    for kind in (*SHARED, *HAND_WRITTEN):
        for path in sorted((folder / kind).rglob("*")):
            if path.is_file() and path.relative_to(folder).as_posix() not in wanted:
                path.unlink()
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def is_committed(project: Path) -> bool:
    """Whether every file of an assembled project is the committed one's, byte for byte."""
    kinds = (*SHARED, *HAND_WRITTEN)
    files = [project / name for name in FIXED]
    files += [path for kind in kinds for path in (project / kind).rglob("*") if path.is_file()]
    committed = ((PROJECT / path.relative_to(project), path) for path in files)
    return all(ours.is_file() and ours.read_bytes() == path.read_bytes() for ours, path in committed)


def _is_read(seed: str, project: dict[str, bytes]) -> bool:
    """Whether any model, test or macro of the project draws on the seed."""
    return any(f"ref('{seed}')".encode() in content for content in project.values())


def run_dbt(
    project: Path,
    database: Path,
    keep: Path,
    *,
    threads: int | None = None,
    nodes: int = 1,
) -> tuple[NodeResult, ...]:
    """One `dbt build` of `project` into `database`; its manifest and results are copied to `keep`.

    Unit tests have rows that are made up, and their outcome depends on the models alone: they are left out
    where the project is the committed one, of which `make test` has them run.

    Args:
        project: the folder that `assemble` filled.
        database: a DuckDB file with the sources.
        keep: where the manifest and the results go.
        threads: those of the engine.
        nodes: how many models or tests at a time, each on all of those threads.

    Raises:
        RcsError: dbt could not start, or a model, seed or unit test failed. Failing data tests are results.
    """
    target = project / "target"
    (target / "run_results.json").unlink(missing_ok=True)
    units = not is_committed(project)
    left_out = () if units else ("--exclude-resource-type", "unit_test")
    with prepared().take(project, database, threads) as dbt:
        _, printed = dbt.run("build", "--threads", str(nodes), *left_out)
    if not (target / "run_results.json").is_file():
        raise RcsError(
            f"dbt stopped before it built anything: {_last_words(printed)}",
            where=str(project),
            todo="If a contract or a measure was just changed, look there first.",
        )
    keep.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(target / "run_results.json", keep / "run_results.json")
    _keep_manifest(target / "manifest.json", keep / "manifest.json", units=units)
    results = read_results(keep)
    _stop_at_failed_models(results)
    return results


def _keep_manifest(source: Path, target: Path, *, units: bool) -> None:
    """What the build was asked to run: of that, and not of what did run, the gate wants a verdict."""
    if units:
        shutil.copyfile(source, target)
        return
    manifest = json.loads(source.read_text(encoding="utf-8"))
    target.write_text(json.dumps(manifest | {"unit_tests": {}}), encoding="utf-8")


def read_project(project: Path, database: Path, *, threads: int | None = None) -> None:
    """Have dbt read the models, so that the next build in this process need not.

    What is wrong with them that build says.
    """
    dbt = Dbt(project, database, threads)
    success, _ = dbt.run("parse")
    if success:
        prepared().keep(dbt, project, database, threads)
    else:
        dbt.kill()


def read_results(folder: Path) -> tuple[NodeResult, ...]:
    """The results in a folder with `manifest.json` and `run_results.json`."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((folder / "run_results.json").read_text(encoding="utf-8"))["results"]
    nodes: dict[str, Any] = {**manifest["nodes"], **manifest.get("unit_tests", {})}
    return tuple(_result(item, nodes.get(item["unique_id"], {})) for item in results)


def _result(item: dict[str, Any], node: dict[str, Any]) -> NodeResult:
    unique_id = item["unique_id"]
    attached = node.get("attached_node")
    if attached is None and unique_id.startswith("unit_test."):
        attached = next(
            (
                name
                for name in node.get("depends_on", {}).get("nodes", [])
                if name.endswith(f".{node['model']}")
            ),
            None,
        )
    rows = (item.get("adapter_response") or {}).get("rows_affected")
    return NodeResult(
        unique_id=unique_id,
        name=str(node.get("name") or unique_id.split(".")[2]),
        resource_type=unique_id.split(".")[0],
        status=str(item["status"]),
        message=" ".join(str(item.get("message") or "").split()),
        failures=item.get("failures"),
        seconds=float(item.get("execution_time") or 0),
        rows=rows if isinstance(rows, int) and rows >= 0 else None,
        attached_to=attached.rpartition(".")[2] if attached else None,
    )


def _stop_at_failed_models(results: tuple[NodeResult, ...]) -> None:
    broken = [
        item
        for item in results
        if item.resource_type != "test" and item.status in ("error", "fail", "runtime error")
    ]
    if broken:
        first = broken[0]
        noun = "unit test" if first.resource_type == "unit_test" else first.resource_type
        raise RcsError(
            f"The {noun} `{first.name}` failed: {first.message[:600]}",
            where="dbt build",
            todo=f"Mend what it names; {len(broken)} node(s) failed and nothing of this build was kept.",
        )


def _last_words(output: str) -> str:
    """What dbt said last; where it crashed, the error alone and not the way to it."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    if any(line.lstrip().startswith("Traceback (most recent call last)") for line in lines):
        errors = [line for line in lines if _ERROR.match(line)]
        lines = errors[-1:] or lines[-1:]
    return " ".join(line.strip() for line in lines[-6:])[:800] or "it said nothing"
