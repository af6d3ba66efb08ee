"""The rooms of the house: which may import which, who reads YAML, what a command may load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "rcs_pipeline"
# In the order of the house: a room imports only rooms before it.
ROOMS = (
    "contracts",
    "ledger",
    "intake",
    "warehouse",
    "planning",
    "returns",
    "disclosure",
    "gate",
    "release",
    "site",
    "demo",
)
# These know every room; no room knows them, nor do they know each other.
OUTSIDE = ("defs", "cli")
HEAVY = (
    "dagster",
    "dbt",
    "duckdb",
    "great_expectations",
    "numpy",
    "pandas",
    "pyarrow",
    "pyreadstat",
    "scipy",
    "sqlalchemy",
)
MODULES = sorted((ROOT / PACKAGE).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    """Every module imported anywhere in the file: at its top, in functions, for type checking, by name."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{item.name}" for item in node.names)
        elif isinstance(node, ast.Constant) and re.fullmatch(rf"{PACKAGE}(\.\w+)+", str(node.value)):
            yield str(node.value)


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == PACKAGE and parts[1] in (*ROOMS, *OUTSIDE) else None


def allowed(room: str | None) -> set[str]:
    if room in ROOMS:
        return set(ROOMS[: ROOMS.index(room) + 1])
    if room in OUTSIDE:
        return {*ROOMS, room}
    return {*ROOMS, "defs"}  # definitions.py, the table of contents that Dagster loads


def test_every_folder_of_the_package_is_a_room() -> None:
    found = {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")}
    assert found == {*ROOMS, *OUTSIDE}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    may = allowed(room_of(name_of(path) + ".x"))
    wrong = {module for module in imports_of(path) if room_of(module) and room_of(module) not in may}
    assert not wrong, f"{name_of(path)} may import only {', '.join(sorted(may))}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(tree_of(path))
    assert text, "a module opens with what belongs here and what does not"
    if name_of(path) == PACKAGE:
        return
    before, _, after = text.partition("oes not belong here:")
    assert after.strip(), "what does not belong here"
    if path.name == "__init__.py":
        assert "\n\n" in before.strip(), "a room says what belongs here below its first line"
    else:
        assert "Belongs here:" in before


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_contracts_reads_yaml(path: Path) -> None:
    if room_of(name_of(path) + ".x") == "contracts":
        return
    imported = {module for module in imports_of(path) if module.split(".")[0] == "yaml"}
    assert imported <= {"yaml"}, "by name, so that what is used can be seen"
    # Writing is another matter: dbt's property files are YAML.
    used = {
        node.attr
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml"
    }
    assert not {name for name in used if "dump" not in name.lower()}


def test_the_command_starts_without_heavy_packages() -> None:
    code = f"import sys, {PACKAGE}.cli.main; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not set(HEAVY) & set(loaded)
    assert "click" in loaded


def test_help_comes_without_loading_a_single_verb() -> None:
    code = (
        f"import sys; from {PACKAGE}.cli.main import rcs; rcs.main(['--help'], standalone_mode=False); "
        f"print('LOADED', *(m for m in sys.modules if m.startswith('{PACKAGE}.') or m in {HEAVY!r}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = answer.stdout.rpartition("LOADED")[2].split()
    assert set(loaded) <= {
        f"{PACKAGE}.cli",
        f"{PACKAGE}.cli.main",
        f"{PACKAGE}.contracts",
        f"{PACKAGE}.contracts.errors",
    }
