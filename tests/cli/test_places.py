"""The command line takes a place of an audience that is many, and never lists hundreds of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.cli.main import main
from rcs_pipeline.contracts.errors import ExitCode
from tests.places import world


@pytest.fixture
def rcs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Types a command; gives its exit code and what it printed."""
    monkeypatch.setenv("RCS_CONTRACTS", str(world.plain_contracts(tmp_path)))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(tmp_path / "home"), *words])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_a_place_is_published_compared_and_named_as_what_it_is(rcs: Any, tmp_path: Path) -> None:
    workspace = world.home(tmp_path / "home", tmp_path / "contracts")
    world.candidate(workspace)
    plan = world.approved(workspace).id
    code, said, _ = rcs("publish", plan)
    assert code == ExitCode.OK
    assert "S12000005/1.0.0 and 2 more places" in said and "school/141/1.0.0 and 9 more places" in said
    world.candidate(workspace, more=1, built_at="2026-05-05T10:00:00+00:00")
    code, said, _ = rcs(
        "diff", "--product", "many", "--audience", "partnership/S12000005", "--format", "json"
    )
    assert code == ExitCode.OK
    figures = next(item for item in json.loads(said)["tables"] if item["table"] == "figures")
    assert (figures["rows_before"], figures["rows_changed"]) == (9, 9)
    code, _, problem = rcs("diff", "--product", "many", "--audience", "partnership")
    assert code == ExitCode.USAGE and "`partnership/S12000005`" in problem
    code, said, _ = rcs("doctor", "--verify", "--format", "json")
    lines = [item["what"] for item in json.loads(said)["checks"] if "many" in item["what"]]
    assert "release many 1.0.0 school, 10 places" in lines and len(lines) == 6
