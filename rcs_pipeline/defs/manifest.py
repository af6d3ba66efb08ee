"""dbt's manifest, read for the asset graph: which models there are, what they read, which tests judge them.

Belongs here: the manifest as a few frozen records. Does not belong here: Dagster, running a build.

dagster-dbt reads the same file; importing it takes as long as everything else that definitions need
(measured: 2.8 s beside Dagster's own 2.1 s), and its runner is not used: the gate's build runs dbt once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.warehouse.generate import PROJECT

MANIFEST = PROJECT / "target" / "manifest.json"
RELATIONS = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Model:
    """A model or seed, what it reads, and the tests that judge it. `columns`: name -> (type, description)."""

    name: str
    kind: str
    layer: str
    materialised: str
    description: str
    models: tuple[str, ...]
    datasets: tuple[str, ...]
    tests: tuple[str, ...]
    columns: dict[str, tuple[str, str]]


@cache
def committed_models() -> tuple[Model, ...]:
    """The models of the committed project; its manifest is made anew where the project is newer."""
    made = MANIFEST.stat().st_mtime if MANIFEST.is_file() else 0.0
    if any(path.stat().st_mtime > made for path in _sources()):
        parse_project(MANIFEST)
    return read_models(MANIFEST)


def _sources() -> Iterator[Path]:
    """The files of the committed project, without what dbt makes of them."""
    for place in ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds"):
        yield from (path for path in (PROJECT / place, *(PROJECT / place).rglob("*")) if path.is_file())


def read_models(path: Path) -> tuple[Model, ...]:
    """The models in a manifest, by name.

    Raises:
        RcsError: it is not a manifest.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        nodes = manifest["nodes"]
        tests = _tests(nodes)
        found = [_model(node, tests) for node in nodes.values() if node["resource_type"] in RELATIONS]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RcsError(
            f"dbt's manifest cannot be read: {type(error).__name__}", where=str(path),
            expected="what `dbt parse` writes", todo="Remove the file and run `make manifest`.",
        ) from error  # fmt: skip
    return tuple(sorted(found, key=lambda item: item.name))


def parse_project(target: Path) -> None:
    """Have dbt read the committed project and write its manifest to `target`.

    Raises:
        RcsError: dbt could not read the project.
    """
    with tempfile.TemporaryDirectory(prefix="rcs-parse-") as folder:
        command = [
            sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "--quiet", "parse",
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", folder, "--log-path", folder, "--log-level-file", "none",
        ]  # fmt: skip
        quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DO_NOT_TRACK": "1"}
        done = subprocess.run(command, env=os.environ | quiet, capture_output=True, text=True, check=False)
        written = Path(folder) / "manifest.json"
        if done.returncode != 0 or not written.is_file():
            said = " ".join((done.stdout + done.stderr).split())[-600:]
            raise RcsError(
                f"dbt cannot read its project: {said or 'it said nothing'}",
                where=str(PROJECT),
                todo="Run `make manifest`.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}-{os.getpid()}")
        part.write_bytes(written.read_bytes())
        os.replace(part, target)


def _tests(nodes: dict[str, Any]) -> dict[str, list[str]]:
    """Model name -> the data tests that judge it: those attached to it, or that read it first.

    Unit tests judge the models' text, not a build: of the committed project no build runs them.
    """
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        if node["resource_type"] == "test":
            read = [name for name in node["depends_on"]["nodes"] if name.split(".")[0] in RELATIONS]
            owner = node.get("attached_node") or (read[0] if read else None)
            if owner is not None:
                found.setdefault(owner.rpartition(".")[2], []).append(node["name"])
    return found


def _model(node: dict[str, Any], tests: dict[str, list[str]]) -> Model:
    read = node["depends_on"].get("nodes", [])
    parts = node["fqn"][1:-1]
    return Model(
        name=node["name"],
        kind=node["resource_type"],
        layer=parts[0] if parts else node["resource_type"],
        materialised=node["config"]["materialized"],
        description=" ".join(str(node.get("description") or "").split()),
        models=tuple(sorted(name.rpartition(".")[2] for name in read if name.split(".")[0] in RELATIONS)),
        datasets=tuple(sorted(name.rpartition(".")[2] for name in read if name.startswith("source."))),
        tests=tuple(sorted(set(tests.get(node["name"], ())))),
        columns={
            name: (str(item.get("data_type") or "?"), str(item.get("description") or ""))
            for name, item in node.get("columns", {}).items()
        },
    )
