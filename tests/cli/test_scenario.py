"""The verb scenario: results as text and as JSON, names as well as files, sentences for mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rcs_pipeline.cli.main import main
from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER
from tests.planning.small import content, sure

EXAMPLE = DEFAULT_FOLDER / "scenarios" / "earlier_family_support.yaml"


@pytest.fixture
def rcs(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--home", str(tmp_path / "home"), *map(str, arguments)])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return int(str(left.value.code)), shown.out, shown.err

    return run


def test_a_scenario_is_worked_out_from_its_file_or_its_name(rcs) -> None:  # type: ignore[no-untyped-def]
    code, by_file, _ = rcs("scenario", "run", EXAMPLE, "--draws", 200)
    assert code == 0
    assert "net present value" in by_file
    assert by_file.splitlines()[-1].startswith("Next:")
    code, by_name, _ = rcs("scenario", "run", "earlier_family_support", "--draws", 200)
    assert (code, by_name.splitlines()[:-1]) == (0, by_file.splitlines()[:-1])


def test_programs_get_the_same_as_json(rcs) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = rcs("scenario", "run", EXAMPLE, "--draws", 200, "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert [item["id"] for item in told["horizons"]] == ["short", "medium", "long"]
    assert told["simulation"]["draws"] == 200
    assert told["assumptions"] and told["sensitivity"]


def test_scenarios_are_listed(rcs) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = rcs("scenario", "list")
    assert code == 0
    assert "earlier_family_support" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("earlier_family_suport",), "earlier_family_support"), (("nowhere.yaml",), "no such file")],
)
def test_a_mistake_is_answered_with_a_sentence(rcs, arguments: tuple[str, ...], says: str) -> None:  # type: ignore[no-untyped-def]
    code, _, err = rcs("scenario", "run", *arguments)
    assert code == 2
    assert says in err


def test_a_wrong_file_and_a_map_that_is_not_there_say_what_to_do(rcs, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content(titel="x")), encoding="utf-8")
    code, _, err = rcs("scenario", "run", path)
    assert code == 2
    assert "`titel`: this key is not known" in err
    code, _, err = rcs("scenario", "run", "two_per_cent_earlier")
    assert code == 2
    assert "says nothing about Intensive support" in err
    path.write_text(yaml.safe_dump(content(first_year="22-23", notes=[sure(1)])), encoding="utf-8")
    code, _, err = rcs("scenario", "run", path)
    assert "first_year" in err
