"""What the repository promises whatever the code does: the lock, the licences, the house, the commands."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", ".ci/datacontract.lock")
ROOMS = (
    "contracts",
    "ledger",
    "intake",
    "returns",
    "warehouse",
    "planning",
    "disclosure",
    "gate",
    "release",
    "site",
    "demo",
    "defs",
    "cli",
)
FOLDERS = (
    *(f"data_contracts/{kind}" for kind in ("deliveries", "products", "measures", "register")),
    *(f"rcs_pipeline/{room}" for room in ROOMS),
    "dbt_project",
    "tests/data/real",
    "benchmarks",
    "docs",
    "examples/yrbs2019",
)
# An absolute path below somebody's home or workspace. Addresses, `~/` and `./` are not meant.
MACHINE_PATH = re.compile(r"(?<![\w.~:/)}\]-])/(?:home|root|Users|work|workspace|opt|tmp)/[\w.-]+")
REGISTRY = re.compile(r"(?<!emit-)(?:index-url|find-links|trusted-host)\s*[= ]\s*[\"']?[\w/]+(?:://|\.|/)")


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def declared() -> list[Requirement]:
    project = pyproject()["project"]
    return [
        Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    ]


def locked(name: str) -> dict[str, list[tuple[Requirement, list[str]]]]:
    """Package -> its pinned versions (one per marker) with their hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    pins: dict[str, list[tuple[Requirement, list[str]]]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        parsed = Requirement(requirement)
        pins.setdefault(canonicalize_name(parsed.name), []).append((parsed, hashes))
    return pins


def repository_files() -> list[Path]:
    """What is committed, or is about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def dependency_lines() -> list[str]:
    """The lines of the two dependency lists, as written."""
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", text, flags=re.MULTILINE | re.DOTALL)
    return [line for body in lists for line in body.splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_file_has_a_hash(lock: str) -> None:
    pins = locked(lock)
    assert len(pins) > 30
    for name, versions in pins.items():
        for requirement, hashes in versions:
            assert re.fullmatch(r"==[^*]+", str(requirement.specifier)), f"{name} is not pinned"
            assert hashes, f"{name} has no hash"
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), name


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_option(lock: str) -> None:
    for number, line in enumerate((ROOT / lock).read_text().splitlines(), start=1):
        assert "://" not in line, f"{lock}:{number} holds an address"
        assert not re.match(r"-\w|--(?!hash=)", line.strip()), f"{lock}:{number} holds an option"
        assert not re.search(r"(?:^|\s|@)\.{0,2}/", line), f"{lock}:{number} holds a path"


def test_the_lock_satisfies_what_pyproject_asks_for() -> None:
    pins = locked("requirements.lock")
    for wanted in declared():
        versions = pins.get(canonicalize_name(wanted.name))
        assert versions, f"{wanted.name} is not in the lock: run make lock"
        for requirement, _ in versions:
            version = str(requirement.specifier).removeprefix("==")
            assert wanted.specifier.contains(version), f"the lock has {wanted.name} {version}, not {wanted}"


def test_the_engine_is_locked_where_its_extensions_are() -> None:
    ((duckdb, _),) = locked("requirements.lock")["duckdb"]
    assert str(duckdb.specifier) == "==1.5.5"


def test_every_dependency_carries_its_reason() -> None:
    lines = dependency_lines()
    assert len(lines) == len(declared())
    for line in lines:
        assert re.search(r'",\s+# \S.{9,}', line), f"no reason given: {line.strip()}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_of_the_house_exists(folder: str) -> None:
    path = ROOT / folder
    assert path.is_dir(), f"{folder}/ is named in the design and missing"
    assert any(path.iterdir()), f"{folder}/ is empty"


def test_the_package_has_no_room_that_the_house_does_not_know() -> None:
    found = {path.parent.name for path in (ROOT / "rcs_pipeline").glob("*/__init__.py")}
    assert found <= set(ROOMS)


def test_the_package_ships_every_file_that_its_code_reads() -> None:
    patterns = {
        pattern for group in pyproject()["tool"]["setuptools"]["package-data"].values() for pattern in group
    }
    package = ROOT / "rcs_pipeline"
    left_out = [
        str(path.relative_to(ROOT))
        for path in repository_files()
        if path.is_relative_to(package) and path.suffix != ".py" and not any(path.match(p) for p in patterns)
    ]
    assert not left_out, f"not in package-data: {left_out}"


@pytest.mark.parametrize("script", [".ci/run", ".ci/contracts-lint"])
def test_ci_scripts_can_be_run(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    lines = path.read_text().splitlines()
    assert lines[0].endswith("bash")
    assert "set -euo pipefail" in lines


def test_ci_runs_the_checks_that_developers_run() -> None:
    steps = re.findall(r"^step (.+)$", (ROOT / ".ci/run").read_text(), flags=re.MULTILINE)
    assert {"make lint", "make test", "make test-long", ".ci/contracts-lint"} <= set(steps)


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    found = []
    for path in repository_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if MACHINE_PATH.search(line) or REGISTRY.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found, "\n".join(found)


def test_hooks_run_from_the_environment_and_download_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    programs = {hook["entry"].split()[0] for hook in hooks}
    assert {"ruff", "mypy", "sqlfluff", "detect-secrets-hook"} == {Path(name).name for name in programs}
    assert all(name.startswith(".venv/bin/") for name in programs)


@pytest.mark.parametrize(
    "setting",
    [
        "DBT_SEND_ANONYMOUS_USAGE_STATS ?= 0",
        "DO_NOT_TRACK ?= 1",
        "GX_ANALYTICS_ENABLED ?= false",
        "DAGSTER_DISABLE_TELEMETRY ?= 1",
        "DG_CLI_CONFIG ?= $(CURDIR)/deploy/dg.toml",
    ],
)
def test_make_turns_telemetry_off(setting: str) -> None:
    assert f"export {setting}" in (ROOT / "Makefile").read_text().splitlines()


def test_dagster_reports_to_nobody_and_writes_one_at_a_time() -> None:
    command_line = tomllib.loads((ROOT / "deploy/dg.toml").read_text())
    assert command_line["cli"]["telemetry"] == {"enabled": False}
    instance = yaml.safe_load((ROOT / "deploy/dagster.yaml").read_text())
    assert instance["telemetry"] == {"enabled": False}
    assert instance["concurrency"]["pools"] == {"default_limit": 1, "granularity": "op"}
    assert instance["concurrency"]["runs"]["max_concurrent_runs"] == 1


def test_both_entry_points_of_dagster_name_the_same_location() -> None:
    ((location,),) = [
        entry.values() for entry in yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    ]
    project = pyproject()["tool"]["dg"]["project"]
    assert location["module_name"] == f"{project['root_module']}.definitions"
    assert location["location_name"] == project["code_location_name"]


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE)
    helped = set(re.findall(r"^([a-z-]+):.*## \w", text, flags=re.MULTILINE))
    assert set(phony.split()) == helped


def test_code_and_data_carry_their_licences() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
    notice = (ROOT / "NOTICE.md").read_text()
    assert "Contains public sector information licensed under the Open Government Licence v3.0." in notice
    assert "Centers for Disease Control and Prevention; public domain" in notice
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_sql_that_people_write_is_linted_and_only_what_is_generated_is_not():
    project = ROOT / "dbt_project"
    lines = (project / ".sqlfluffignore").read_text().splitlines()
    spared = [line for line in lines if line and not line.startswith("#")]
    models = sorted(project.glob("models/**/*.sql"))
    for model in models:
        name = model.relative_to(project).as_posix()
        ignored = any(name.startswith(line) if line.endswith("/") else name == line for line in spared)
        assert ignored == model.read_text().startswith("-- Generated from"), name
    assert len(models) > 40
