"""The command line: exit codes, stdout for results, stderr for progress, and a sentence for every mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from rcs_pipeline.cli.main import VERBS, main
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import CONTRACTS, KEY, as_csv, home, row, rows

HEAVY = (
    "dagster", "dbt", "pandas", "great_expectations", "pyarrow", "pyreadstat", "duckdb", "sqlalchemy",
    "numpy",
    "scipy", "pydantic", "openpyxl", "frictionless",
)  # fmt: skip


class Ran(NamedTuple):
    code: int
    out: str
    err: str


class Rcs:
    """Runs the command in this process, on a home of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = folder / "home", capsys
        self.file = folder / "sent.csv"
        self.file.write_bytes(as_csv(rows(3)))

    def __call__(self, *arguments: object) -> Ran:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--home", str(self.home), *map(str, arguments)])
        shown = self._capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        assert "Traceback" not in shown.out + shown.err
        return Ran(int(code), shown.out, shown.err)

    @property
    def space(self) -> Workspace:
        return home(self.home)


IDENTITY = ("--dataset", "answers", "--collection", "here")


@pytest.fixture
def rcs(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rcs:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RCS_KEY", KEY)
    monkeypatch.setenv("RCS_CONTRACTS", str(CONTRACTS))
    return Rcs(tmp_path, capsys)


def test_help_loads_no_heavy_package() -> None:
    code = (
        "import sys\nfrom rcs_pipeline.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('LOADED', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "LOADED []" in done.stdout
    assert all(verb in done.stdout for verb in VERBS)


def test_every_verb_explains_itself(rcs: Rcs) -> None:
    for verb in VERBS:
        ran = rcs(verb, "--help")
        assert (ran.code, ran.err) == (0, ""), verb
        assert "Usage: " in ran.out


def test_an_unknown_verb_is_answered_with_the_nearest(rcs: Rcs) -> None:
    ran = rcs("ingets")
    assert ran.code == 2
    assert "Did you mean `ingest`?" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",), ("ingest", "nothing.csv"), ("ingest", "nothing.csv", *IDENTITY),
        ("ingest", ".", *IDENTITY),
        ("ingest", "sent.csv", "--dataset", "answer", "--collection", "here"),
        ("ingest", "sent.csv", "--dataset", "answers", "--collection", "hre"),
        ("rule", "RCS-Z99"), ("show", "77"), ("build", "--product", "none"), ("verdicts",),
        ("query", "select 1"),
        ("query", "select 1", "--limit", "0"), ("ingest", "--settle", "-1"), ("plan",),
        ("approve", "x", "--as", "me"),
        ("publish", "x"), ("rollback", "1.0.0", "--reason", "x"), ("status", "--format", "xml"),
        ("demo", "--scale", "many"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_mistake_gets_a_sentence_on_stderr_and_exit_code_2(rcs: Rcs, arguments: tuple[str, ...]) -> None:
    ran = rcs(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err) > 20


def test_exit_codes_say_what_happened(rcs: Rcs) -> None:
    assert rcs("ingest", "--settle", "0").code == 4
    assert rcs("check", rcs.file, *IDENTITY).code == 0
    assert rcs("ingest", rcs.file, *IDENTITY).code == 0
    assert rcs("ingest", rcs.file, *IDENTITY).code == 4
    rcs.file.write_bytes(as_csv([row(1, sex="9"), row(2), row(3)]))
    assert rcs("check", rcs.file, *IDENTITY).code == 1
    assert rcs("ingest", rcs.file, *IDENTITY).code == 1
    rcs.file.write_bytes(b"")
    assert rcs("ingest", rcs.file, *IDENTITY).code == 1
    assert rcs("status").code == 0
    assert rcs("rule", "rcs-c03").code == 0
    assert rcs("show", "1").code == 0


def test_without_a_key_the_sentence_says_where_one_comes_from(
    rcs: Rcs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RCS_KEY")
    ran = rcs("ingest", rcs.file, *IDENTITY)
    assert ran.code == 2
    assert "RCS_KEY_FILE" in ran.err
    assert "To do: " in ran.err


def test_a_broken_file_is_a_finding_with_its_remedy(rcs: Rcs) -> None:
    rcs.file.write_bytes(as_csv(rows(3)) + b"731000001,Canaryname\n")
    ran = rcs("ingest", rcs.file, *IDENTITY)
    assert ran.code == 1
    assert "RCS-C13" in ran.out
    assert "has 2 cells" in ran.out
    assert "(row 5)" in ran.out
    assert "send the row again" in ran.out
    assert "731000001" not in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("ingest", "--settle", "0"), ("check", "sent.csv", *IDENTITY),
     ("ingest", "sent.csv", *IDENTITY),
     ("rule", "RCS-C03"), ("rule", "RCS-X101"), ("doctor",)],
    ids=lambda value: value[0],
)  # fmt: skip
def test_json_is_json_and_names_its_schema(rcs: Rcs, arguments: tuple[str, ...]) -> None:
    ran = rcs(*arguments, "--format", "json")
    assert json.loads(ran.out)["schema_version"] == 1


def test_the_result_is_on_stdout_and_the_progress_on_stderr(rcs: Rcs) -> None:
    path = rcs.home / "inbox" / "answers" / "here" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(as_csv(rows(3)))
    ran = rcs("ingest", "--settle", "0")
    assert ran.out.splitlines()[-1].startswith("Next: rcs ")
    assert "3 rows in, 3 accepted" in ran.out
    assert "answers/here/a.csv" in ran.err
    assert "answers/here/a.csv" not in ran.out


def test_the_inbox_names_every_file_that_was_not_taken_and_offers_a_build_only_for_new_rows(rcs: Rcs) -> None:
    folder = rcs.home / "inbox" / "answers" / "here"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(as_csv(rows(3)))
    assert "Next: rcs build" in rcs("ingest", "--settle", "0").out
    (folder / "again.csv").write_bytes(as_csv(rows(3)))
    again = rcs("ingest", "--settle", "0")
    assert again.code == 4
    assert "1 file was here before." in again.out
    assert "Next:" not in again.out
    (folder / "empty.csv").write_bytes(b"")
    (rcs.home / "inbox" / "stray.csv").write_bytes(as_csv(rows(3)))
    (rcs.home / "inbox" / "coming.csv.part").write_bytes(b"")
    (rcs.home / "inbox" / ".hidden").write_bytes(b"")
    ran = rcs("ingest", "--settle", "0")
    assert ran.code == 1
    assert "1 file was refused as a whole. 1 file was not taken in." in ran.out
    assert "stray.csv: The file lies outside the folders" in ran.err
    assert (rcs.home / "inbox" / "stray.csv").exists()
    assert rcs("ingest", "--settle", "0").code == 1


def test_the_next_step_of_a_check_names_the_sender_that_was_given(rcs: Rcs) -> None:
    sender = next(iter(rcs.space.catalogue.delivery("answers").options.suppliers))
    assert f"--supplier {sender}" in rcs("check", rcs.file, *IDENTITY, "--supplier", sender).out


def test_json_has_no_numbers_that_json_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    from rcs_pipeline.cli.output import result

    result("json", "", rows=((float("nan"), float("inf"), 1.5),), where=Path("a"), names={"b"})
    content = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert content["rows"] == [[None, None, 1.5]]
    assert (content["where"], content["names"]) == ("a", ["b"])


def test_a_defect_of_ours_is_exit_code_2_and_quotes_no_cell(
    rcs: Rcs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("731000001")

    monkeypatch.setattr("rcs_pipeline.intake.delivery.recognise", broken)
    ran = rcs("check", rcs.file, *IDENTITY)
    assert ran.code == 2
    assert "ValueError" in ran.err
    assert "731000001" not in ran.err


def test_the_settings_in_force_are_shown_with_their_origin(rcs: Rcs) -> None:
    (Path.cwd() / "rcs.toml").write_text("role = 'auditor'\n")
    ran = rcs("--as", "somebody", "doctor")
    lines = {line.split("  ")[1].strip(): line for line in ran.out.splitlines() if "setting " in line}
    assert any("auditor (rcs.toml)" in line for line in lines.values())
    assert any("(RCS_CONTRACTS)" in line for line in lines.values())
    assert KEY not in ran.out
    (Path.cwd() / "rcs.toml").write_text("rolle = 'auditor'\n")
    assert "Unknown setting" in rcs("status").err
