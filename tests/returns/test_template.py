"""Templates: made from any contract, accepted when filled in, never a way for rows to leak or change."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from rcs_pipeline.cli.main import rcs
from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.intake.delivery import Judgement, check, take_in
from rcs_pipeline.intake.template_mark import START_SHEET, mark_on_page, read_mark
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.template import template_bytes, write_template
from rcs_pipeline.returns.template_pages import EXAMPLE_SHEET, WITHHELD
from rcs_pipeline.returns.template_plan import ROWS, TemplatePlan
from tests.returns import filled

SOME = ("odd", "service_map", "wellbeing_primary")
SHOWN = 100  # a judgement shows the first 200 kinds of problem
UNCHECKED = "RCS-F11"  # the dataset that a rule looks into has not arrived: not about this file


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return filled.home(tmp_path / "home")


def rules(judgement: Judgement) -> set[tuple[str, str | None]]:
    return {(item.rule_id, item.column_name) for item in judgement.problems if item.rule_id != UNCHECKED}


def judged(space: Workspace, plan: TemplatePlan, path: Path) -> Judgement:
    return check(space, path, plan.contract.dataset, plan.entry.key)


@pytest.mark.parametrize("dataset", filled.DATASETS)
def test_a_template_has_the_contracts_columns_in_order_where_intake_looks(
    space: Workspace, tmp_path: Path, dataset: str
) -> None:
    plan = filled.planned(space, dataset)
    book = openpyxl.load_workbook(filled.written(plan, tmp_path / "t.xlsx"))
    sheet = plan.contract.options.sheet
    header = sheet.first_row + sheet.header_rows - 1 if sheet else 1
    cells = next(book[plan.sheet.name].iter_rows(min_row=header, max_row=header, values_only=True))
    assert list(cells) == [column.name for column in plan.contract.columns]
    assert book.active.title == START_SHEET


@pytest.mark.parametrize("dataset", filled.DATASETS)
def test_a_template_filled_in_with_good_rows_is_clean(space: Workspace, tmp_path: Path, dataset: str) -> None:
    plan = filled.planned(space, dataset)
    rows = [filled.good_row(plan, number) for number in range(2)]
    path = filled.fill(filled.written(plan, tmp_path / "t.xlsx"), plan, rows, tmp_path / "f.xlsx")
    judgement = judged(space, plan, path)
    assert judgement.receipt.rows_accepted == len(rows)
    assert rules(judgement) == set()


@pytest.mark.parametrize("dataset", filled.DATASETS)
def test_a_template_filled_in_with_a_bad_row_gives_the_finding(
    space: Workspace, tmp_path: Path, dataset: str
) -> None:
    plan = filled.planned(space, dataset)
    bad, expected = filled.good_row(plan), set()
    for column in plan.contract.columns[:SHOWN]:
        if column.identifier or column.name == plan.contract.options.cpp:
            continue
        if column.required and column.name not in plan.contract.key:
            bad[column.name] = None
            expected.add(("RCS-C01", column.name))
        elif column.codes:
            bad[column.name] = "no such answer"
            expected.add(("RCS-C02" if column.numeric else "RCS-C03", column.name))
        elif column.numeric or column.type is ColumnType.DATE:
            bad[column.name] = "no such thing"
            expected.add(("RCS-C02", column.name))
    path = filled.fill(filled.written(plan, tmp_path / "t.xlsx"), plan, [bad], tmp_path / "f.xlsx")
    assert expected
    assert expected <= rules(judged(space, plan, path))


@pytest.mark.parametrize("dataset", SOME)
def test_an_empty_template_holds_no_rows(space: Workspace, tmp_path: Path, dataset: str) -> None:
    plan = filled.planned(space, dataset)
    judgement = judged(space, plan, filled.written(plan, tmp_path / "t.xlsx"))
    assert judgement.receipt.rows_in == 0
    assert rules(judgement) == {("RCS-F03", None)}


@pytest.mark.parametrize("dataset", SOME)
def test_the_same_inputs_give_the_same_bytes(space: Workspace, dataset: str) -> None:
    later = replace(space, clock=lambda: datetime.now().astimezone())
    later.__dict__["catalogue"] = filled.CATALOGUE
    first, second = (template_bytes(filled.planned(home, dataset)) for home in (space, later))
    assert first == second


def test_codes_and_labels_mean_the_same(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "service_map", "t2-falkirk-2016")
    words = {"lead_partner": "council_education", "data_confidence": "A", "level_of_support": "Universal"}
    other = {
        "lead_partner": " council, Education",
        "data_confidence": "a - audited",
        "level_of_support": "universal",
    }
    rows = [
        {**filled.good_row(plan), "service_id": "a", **words},
        {**filled.good_row(plan), "service_id": "b", **other},
    ]
    path = filled.fill(filled.written(plan, tmp_path / "t.xlsx"), plan, rows, tmp_path / "f.xlsx")
    receipt = take_in(space, path, "service_map", "t2-falkirk-2016").receipt
    assert receipt.rows_accepted == 2
    import duckdb

    with duckdb.connect() as connection:
        source = space.paths.home / str(receipt.raw_path)
        stored = connection.execute(f"select distinct {', '.join(words)} from '{source}'").fetchall()
    assert stored == [("council_education", "A", "universal")]


def test_pre_formatted_rows_below_the_last_filled_one_are_not_rows(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "service_map", "t2-falkirk-2016")
    book = openpyxl.load_workbook(filled.written(plan, tmp_path / "t.xlsx"))
    sheet = book["Services"]
    for place, value in enumerate(filled.good_row(plan).values(), start=1):
        sheet.cell(2, place).value = value
    for row in range(3, ROWS):
        sheet.cell(row, 1).fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF00")
        sheet.cell(row, 2).number_format = "@"
    book.save(tmp_path / "f.xlsx")
    assert judged(space, plan, tmp_path / "f.xlsx").receipt.rows_in == 1


def test_the_start_page_says_why_by_when_and_what_comes_back(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "service_map", "t2-falkirk-2016")
    sheet = openpyxl.load_workbook(filled.written(plan, tmp_path / "t.xlsx"))[START_SHEET]
    said = {row[0]: row[1] for row in sheet.iter_rows(values_only=True, max_col=2) if row[0]}
    texts = plan.contract.options.template
    assert texts is not None
    assert (said["What it is for"], said["How it will be used"]) == (texts.purpose, texts.used_for)
    assert said["What comes back"] == texts.comes_back
    assert "30 June 2017" in said["Deadline"]
    assert (said["Contract"], said["Version of the contract"]) == (plan.contract.id, plan.contract.version)
    assert said["For"] == "Falkirk"


@pytest.mark.parametrize("dataset", filled.DATASETS)
def test_every_column_has_its_help_and_every_list_its_dropdown(
    space: Workspace, tmp_path: Path, dataset: str
) -> None:
    plan = filled.planned(space, dataset)
    book = openpyxl.load_workbook(filled.written(plan, tmp_path / "t.xlsx"))
    sheet = book[plan.sheet.name]
    spots = [(next(iter(item.sqref.ranges)), item) for item in sheet.data_validations.dataValidation]
    found = {spot.min_col: item for spot, item in spots if spot.min_row == plan.first + 1}
    assert len(found) == len(plan.contract.columns)
    for place, column in enumerate(plan.contract.columns, start=1):
        assert found[place].prompt
        assert ("(required)" in found[place].promptTitle) == column.required
        if column.codes and not column.identifier:
            name = found[place].formula1
            assert found[place].type == "list"
            place_of_list, cells = next(iter(book.defined_names[name].destinations))
            words = {row[0].value for row in book[place_of_list][cells]}
            assert words == set(plan.choices[column.name].words.values())


def test_the_worked_example_is_never_taken_for_data(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "wellbeing_primary", "t2-falkirk-2016")
    book = openpyxl.load_workbook(filled.written(plan, tmp_path / "t.xlsx"))
    assert book[EXAMPLE_SHEET]["A4"].value == WITHHELD
    assert book[EXAMPLE_SHEET].max_row == 5
    assert list(book["Responses"].iter_rows(min_row=2, values_only=True)) == []


def test_what_begins_like_a_formula_is_text(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "odd")
    book = openpyxl.load_workbook(filled.written(plan, tmp_path / "t.xlsx"))
    texts = {"=sign", "=1+1", "=2+2", "@now", "* - -all"}
    cells = [
        cell for sheet in book for row in sheet.iter_rows() for cell in row
        if isinstance(cell.value, str) and cell.value in texts
    ]  # fmt: skip
    assert {cell.value for cell in cells} == texts
    assert {cell.data_type for cell in cells} == {"s"}


def marked(
    path: Path, target: Path, change: Callable[[bytes], bytes], part: str = "docProps/custom.xml"
) -> Path:
    """A copy of a workbook with one part changed."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as sink:
        for name in source.namelist():
            content = source.read(name)
            sink.writestr(name, change(content) if name == part else content)
    return target


def ready(space: Workspace, tmp_path: Path, collection: str = "t2-falkirk-2016") -> tuple[TemplatePlan, Path]:
    """A filled-in map of services."""
    plan = filled.planned(space, "service_map", collection)
    template = filled.written(plan, tmp_path / "t.xlsx")
    return plan, filled.fill(template, plan, [filled.good_row(plan)], tmp_path / "f.xlsx")


def test_a_template_of_an_older_version_is_told_and_accepted(space: Workspace, tmp_path: Path) -> None:
    plan, path = ready(space, tmp_path)
    old = marked(path, tmp_path / "old.xlsx", lambda xml: xml.replace(b">2.0.0<", b">0.9.0<"))
    judgement = judged(space, plan, old)
    assert judgement.receipt.rows_accepted == 1
    assert rules(judgement) == {("RCS-F40", None)}
    assert "0.9.0" in judgement.problems[0].message


def test_the_mark_is_read_from_the_start_page_where_the_properties_are_gone(
    space: Workspace, tmp_path: Path
) -> None:
    plan, path = ready(space, tmp_path)
    bare = marked(path, tmp_path / "bare.xlsx", lambda _: b"<Properties/>")
    assert (read_mark(bare), mark_on_page(bare)) == (None, read_mark(path))
    book = openpyxl.load_workbook(bare)
    version = next(cell for row in book[START_SHEET].iter_rows() for cell in row if cell.value == "2.0.0")
    version.value = "0.9.0"
    book.save(bare)
    assert rules(judged(space, plan, bare)) == {("RCS-F40", None)}


def test_a_template_of_another_dataset_is_refused(space: Workspace, tmp_path: Path) -> None:
    _, path = ready(space, tmp_path)
    judgement = check(space, path, "school_roll", "t2-falkirk-2016")
    assert rules(judgement) == {("RCS-F41", None)}


def test_a_template_of_another_collection_is_asked_about(space: Workspace, tmp_path: Path) -> None:
    _, path = ready(space, tmp_path)
    assert ("RCS-F42", None) in rules(check(space, path, "service_map", "falkirk-again"))


@pytest.mark.parametrize(
    "text",
    [
        b"<!DOCTYPE x>" + b"<" * 5000,
        b"\xff\xfe\x00",
        b"",
        b"<property " * 90_000,
        b"<property " + b"a" * 900_000,
    ],
)
def test_a_broken_mark_is_no_mark_and_takes_no_time(space: Workspace, tmp_path: Path, text: bytes) -> None:
    _, path = ready(space, tmp_path)
    started = time.monotonic()
    assert read_mark(marked(path, tmp_path / "broken.xlsx", lambda _: text)) is None
    assert time.monotonic() - started < 1
    path.write_bytes(text)
    assert (read_mark(path), mark_on_page(path)) == (None, None)


def test_a_template_starts_from_the_rows_of_the_last_wave(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "service_map", "t2-falkirk-2016")
    rows = [filled.good_row(plan, number) for number in range(2)]
    rows[1]["service_name"] = "=HYPERLINK(1)"
    path = filled.fill(filled.written(plan, tmp_path / "t.xlsx"), plan, rows, tmp_path / "f.xlsx")
    assert take_in(space, path, "service_map", "t2-falkirk-2016").receipt.rows_accepted == 2
    summary = write_template(space, "service_map", "falkirk-again", tmp_path / "again.xlsx")
    assert (summary.prefilled, summary.prefilled_from) == (2, "t2-falkirk-2016")
    cells = openpyxl.load_workbook(tmp_path / "again.xlsx")["Services"]
    names = [column.name for column in plan.contract.columns]
    found = [dict(zip(names, line, strict=True)) for line in cells.iter_rows(min_row=2, values_only=True)]
    expected = [{**row, "reporting_year": "2019-20", "price_year": None} for row in rows]
    assert [_plain(row) for row in found] == [_plain(row) for row in expected]
    assert cells.cell(3, 2).data_type == "s"
    judgement = check(space, tmp_path / "again.xlsx", "service_map", "falkirk-again")
    assert (judgement.receipt.rows_accepted, rules(judgement)) == (2, set())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.date() if isinstance(value, datetime) else value for name, value in row.items()}


def test_nothing_about_a_pupil_is_handed_out_again(space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "wellbeing_primary", "t2-falkirk-2016")
    rows = [filled.good_row(plan, number) for number in range(2)]
    path = filled.fill(filled.written(plan, tmp_path / "t.xlsx"), plan, rows, tmp_path / "f.xlsx")
    assert take_in(space, path, "wellbeing_primary", "t2-falkirk-2016").receipt.rows_accepted == 2
    summary = write_template(space, "wellbeing_primary", "falkirk-again", tmp_path / "again.xlsx")
    assert summary.prefilled == 0


@pytest.mark.parametrize(
    ("sent", "asked"), [("falkirk-again", "t2-falkirk-2016"), ("t2-falkirk-2016", "t3-moray-2018")]
)
def test_rows_of_a_later_wave_or_of_another_partnership_are_not_used(
    space: Workspace, tmp_path: Path, sent: str, asked: str
) -> None:
    _, path = ready(space, tmp_path, sent)
    assert take_in(space, path, "service_map", sent).receipt.rows_accepted == 1
    assert filled.planned(space, "service_map", asked).previous is None


def test_a_file_that_somebody_filled_in_is_never_written_over(space: Workspace, tmp_path: Path) -> None:
    target = tmp_path / "t.xlsx"
    write_template(space, "service_map", "t2-falkirk-2016", target)
    with pytest.raises(NothingToDoError):
        write_template(space, "service_map", "t2-falkirk-2016", target)
    target.write_bytes(b"filled in")
    with pytest.raises(RcsError, match="filled in"):
        write_template(space, "service_map", "t2-falkirk-2016", target)
    assert target.read_bytes() == b"filled in"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["t.xlsx"]


@pytest.mark.parametrize(
    ("dataset", "collection", "name", "said"),
    [
        ("service_map", "scotland-2019", "t.xlsx", "expects no `service_map`"),
        ("service_mop", "t2-falkirk-2016", "t.xlsx", "`service_map`"),
        ("service_map", "t2-falkirk", "t.xlsx", "t2-falkirk-2016"),
        ("service_map", "t2-falkirk-2016", "t.csv", "ends in .xlsx"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(
    space: Workspace, tmp_path: Path, dataset: str, collection: str, name: str, said: str
) -> None:
    with pytest.raises(RcsError, match=said):
        write_template(space, dataset, collection, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_dates_are_dates(space: Workspace) -> None:
    assert filled.good_row(filled.planned(space, "service_map"))["contract_end_date"] == date(2027, 3, 31)


def test_the_command_writes_it_and_says_the_next_one(tmp_path: Path) -> None:
    target = tmp_path / "t.xlsx"
    arguments = ["--home", str(tmp_path / "home"), "template", "service_map"]
    options = ["--collection", "t2-falkirk-2016", "--out", str(target)]
    answer = CliRunner().invoke(rcs, [*arguments, *options], standalone_mode=False)
    assert answer.exception is None
    assert answer.output.splitlines()[-1].startswith(f"Next: rcs check {target} --dataset service_map")
    assert read_mark(target) is not None
