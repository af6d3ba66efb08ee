"""A plan says what it moves, whom it affects and what to weigh, on a page that a board can read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.gate import evidence
from rcs_pipeline.ledger.records import Outcome, Plan
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import approve
from rcs_pipeline.release.diff import Held, compare
from rcs_pipeline.release.differ import differences
from rcs_pipeline.release.plan import Wishes, make_plan
from rcs_pipeline.site.plan_page import write_plan_page
from tests.release import helpers
from tests.release.helpers import ESTIMATES, INDICATORS, candidate, corrected, home, released

LATER = "2026-05-05T10:00:00+00:00"


def found(plan: Plan, name: str) -> list[tuple[str, str]]:
    return [(item["level"], item["text"]) for item in plan.detail["checklist"] if item["id"] == name]


def table(plan: Plan, name: str = "estimates") -> dict[str, Any]:
    item: dict[str, Any] = next(
        item for item in plan.detail["audiences"][0]["tables"] if item["table"] == name
    )
    return item


def test_a_value_that_left_its_interval_is_told_apart_from_one_that_stayed_in(workspace: Workspace) -> None:
    candidate(workspace)  # i1 in area 1 is 0.10, from 0.05 to 0.15
    released(workspace)
    candidate(workspace, corrected("0.12"), built_at=LATER)
    assert table(make_plan(workspace, "mini"))["values_beyond_their_interval"] == 0
    candidate(workspace, corrected("0.16"), built_at="2026-05-06T10:00:00+00:00")
    plan = make_plan(workspace, "mini")
    assert table(plan)["values_beyond_their_interval"] == 1
    assert (
        "warning",
        "`estimates` for Everybody: 1 value left the interval of the release before.",
    ) in (found(plan, "beyond"))


def test_values_newly_withheld_and_newly_shown_are_counted(workspace: Workspace) -> None:
    candidate(workspace, ESTIMATES)
    released(workspace)
    candidate(workspace, ESTIMATES.replace("i = 3 and a = 2", "i = 4 and a = 1"), built_at=LATER)
    plan = make_plan(workspace, "mini")
    assert (table(plan)["values_no_longer_shown"], table(plan)["values_newly_shown"]) == (3, 3)
    assert found(plan, "hidden")[0][0] == found(plan, "shown")[0][0] == "warning"


def test_a_caution_about_a_number_is_no_value_that_was_withheld(tmp_path: Path) -> None:
    """What an approver is warned of has to be worth the warning."""
    contract = load_catalogue().product("rcs").table("indicator_estimates")
    assert contract.symbols == {"symbol", "quality_flag"}
    files = tmp_path / "before.parquet", tmp_path / "after.parquet"
    with duckdb.connect() as connection:
        for file, flag in zip(files, ("null", "'u'"), strict=True):
            connection.execute(f"""
                copy (select 'a' as place, 0.2::double as estimate, {flag}::varchar as quality_flag)
                to '{file}'
            """)
        found = compare(
            connection, contract.name, Held((files[0],)), Held((files[1],)), grain=("place",),
            columns={"place": "varchar", "estimate": "double", "quality_flag": "varchar"},
            symbols=contract.symbols,
        )  # fmt: skip
    assert [(item.changed, item.cells, item.hidden, item.shown) for item in found.values()] == [
        (1, {"quality_flag": 1}, 0, 0)
    ]


def test_a_breaking_change_names_the_consumers_it_breaks_and_no_others(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, indicators=INDICATORS.replace("range(1, 6)", "range(1, 5)"), built_at=LATER)
    plan = make_plan(workspace, "mini")
    (consumer,) = plan.detail["consumers"]
    assert (consumer["id"], consumer["breaking"]) == ("board_dashboard", True)
    assert "The board's analyst" in found(plan, "breaking")[0][1]


def with_contracts(tmp_path: Path, name: str, *edits: tuple[str, str, str]) -> Workspace:
    contracts = tmp_path / name
    shutil.copytree(helpers.CONTRACTS, contracts)
    for file, old, new in edits:
        path = contracts / "products" / "mini" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    return home(tmp_path / "home", contracts=contracts)


COLUMN = """      - name: better
        logicalType: boolean
        description: Whether higher is better.
        customProperties: [{property: rcs, value: {audiences: [open, partnership]}}]
"""
ENDING = COLUMN.replace(
    "[open, partnership]", "[open, partnership], deprecated: {until: 2026-06-01, note: See polarity.}"
)


@pytest.mark.parametrize(
    ("first", "item", "level"),
    [
        ((), "unannounced", "warning"),
        ((("estimates.odcs.yaml", COLUMN, ENDING),), "too_early", "error"),
    ],
)
def test_a_column_goes_after_it_was_deprecated_and_not_before_its_day(
    tmp_path: Path, first: tuple[tuple[str, str, str], ...], item: str, level: str
) -> None:
    workspace = with_contracts(tmp_path, "first", *first)
    candidate(workspace)
    released(workspace)
    folder = workspace.paths.releases / "mini/open/1.0.0"
    warned = "goes after 2026-06-01: See polarity." in (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert warned is bool(first)
    workspace = with_contracts(tmp_path, "second", ("estimates.odcs.yaml", COLUMN, ""))
    candidate(workspace, built_at=LATER)
    plan = make_plan(workspace, "mini")
    assert plan.change == "major"
    assert found(plan, item)[0][0] == level
    if level == "error":
        with pytest.raises(RefusedError, match="not before its approvers"):
            approve(workspace, plan.id, "Ann", "Gone")


def test_a_correction_needs_a_note(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    plan = make_plan(workspace, "mini")
    assert found(plan, "note")[0][0] == "warning"
    with pytest.raises(RcsError, match="no note says what was wrong"):
        approve(workspace, plan.id, "Ann")
    noted = make_plan(workspace, "mini", wishes=Wishes(note="Area 1 was weighted twice"))
    assert noted.id != plan.id and found(noted, "note")[0][0] == "ok"
    approve(workspace, noted.id, "Ann")


def test_too_small_a_version_is_refused_and_a_larger_one_is_taken(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, indicators=INDICATORS.replace("range(1, 6)", "range(1, 5)"), built_at=LATER)
    with pytest.raises(RefusedError, match=r"1.1.0 is too small a number: this is a major change"):
        make_plan(workspace, "mini", wishes=Wishes(at_least="1.1.0"))
    with pytest.raises(RcsError, match="is no version"):
        make_plan(workspace, "mini", wishes=Wishes(at_least="two"))
    plan = make_plan(workspace, "mini", wishes=Wishes(at_least="3.0.0", note="A new frame"))
    assert plan.version == "3.0.0"
    approve(workspace, plan.id, "Ann")


def test_a_closed_gate_is_an_error_on_the_checklist_and_nobody_is_asked(workspace: Workspace) -> None:
    record = candidate(workspace, passing=False)
    plan = make_plan(workspace, "mini")
    assert found(plan, "gate")[0][0] == "error"
    assert not workspace.ledger.events(action="state", subject=record.hash)
    helpers.pass_all(workspace, record)
    again = make_plan(workspace, "mini")
    assert found(again, "gate")[0][0] == "ok"
    assert again.id != plan.id, "a plan holds for the verdicts that it was made on"
    assert make_plan(workspace, "mini").id == again.id


def test_a_check_that_may_warn_stands_on_the_checklist(workspace: Workspace) -> None:
    from rcs_pipeline.ledger.records import CheckSeverity, Verdict

    record = candidate(workspace)
    warned = Verdict("dbt.few_schools", "dbt", CheckSeverity.WARNING, Outcome.FAIL, "2 schools")
    note = evidence.audited_note(workspace, record, [*workspace.ledger.verdicts(record.hash), warned])
    workspace.ledger.record_verdicts(record.hash, [warned], workspace.now(), note)
    plan = make_plan(workspace, "mini")
    assert found(plan, "warnings") == [("warning", "`dbt.few_schools` failed: 2 schools")]


def test_the_page_of_a_plan_holds_what_the_plan_says(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    plan = make_plan(workspace, "mini", wishes=Wishes(note="Weights <twice>"))
    page = write_plan_page(workspace.paths.reports / "plans", plan.detail)
    text = page.read_text(encoding="utf-8")
    for words in (
        plan.id, "1.0.1", "Weights &lt;twice&gt;", "SYNTHETIC", "Dashboard of the board",
        "1 value left the interval", 'rcs approve', "other than demo-builder",
    ):  # fmt: skip
        assert words in text
    assert "http" not in text.replace("http-equiv", ""), "it opens without a network"
    assert write_plan_page(workspace.paths.work, plan.detail).read_text(encoding="utf-8") == text


def test_differences_between_two_releases_and_a_look_at_a_candidate_on_record(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    record = candidate(workspace, corrected("0.9"), built_at=LATER)
    looked = differences(workspace, "mini", "open", None, None)
    assert (looked["before"], looked["change"]) == ("1.0.0", "patch")
    (event,) = workspace.ledger.events(action="candidate.viewed", subject=record.hash)
    assert event.claimed_name == "demo-builder"
    released(workspace)
    between = differences(workspace, "mini", "open", "1.0.0", "1.0.1")
    assert between["tables"][0]["changed_keys"] == [{"indicator_id": "i1", "area": "S12000001"}]
    assert differences(workspace, "mini", "open", "1.0.1", "1.0.1")["change"] == "nothing"
    with pytest.raises(RcsError, match="No candidate"):
        differences(workspace, "mini", "open", "1.0.0", "9.9.9")


def test_two_releases_are_compared_by_what_their_readers_were_told(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    released(workspace)
    # A column of the contract of today that neither of them has.
    contracts = Path(shutil.copytree(helpers.CONTRACTS, tmp_path / "contracts"))
    file = contracts / "products" / "mini" / "estimates.odcs.yaml"
    more = file.read_text(encoding="utf-8")
    upper = more[more.index("      - name: upper") : more.index("      - name: base")]
    file.write_text(
        more.replace(upper, upper + upper.replace("name: upper", "name: other")), encoding="utf-8"
    )
    found = differences(home(tmp_path / "home", contracts=contracts), "mini", "open", "1.0.0", "1.0.1")
    assert found["tables"][0]["changed_keys"] == [{"indicator_id": "i1", "area": "S12000001"}]


def test_approvers_read_whose_decision_gives_a_corrected_map_anew(tmp_path: Path) -> None:
    decision = (
        "corrected_maps: [{collection: there, up_to: 1.0.0, reason: Nine providers moved., owner: The board}]"
    )
    register = (
        "waves: [{id: w1, title: First}]\ncollections:\n"
        "  - {key: there, title: There, wave: w1, collected: 2015-16, datasets: {}}\n"
    )

    def decided(name: str) -> Workspace:
        contracts = tmp_path / name
        shutil.copytree(helpers.CONTRACTS, contracts)
        (contracts / "register").mkdir()
        (contracts / "register" / "programme.yaml").write_text(register, encoding="utf-8")
        product = contracts / "products" / "mini" / "product.yaml"
        text = product.read_text(encoding="utf-8")
        product.write_text(text.replace("tabulations: []", f"tabulations: []\n{decision}"), encoding="utf-8")
        return home(tmp_path / "home", contracts=contracts)

    workspace = decided("contracts")
    candidate(workspace)
    assert found(make_plan(workspace, "mini"), "given_anew")[0][0] == "ok", "there is nothing before it"
    released(workspace)
    candidate(workspace, corrected("0.12"), built_at=LATER)
    ((level, says),) = found(make_plan(workspace, "mini"), "given_anew")
    assert level == "warning"
    for words in ("`there`", "1.0.0", "The board", "Nine providers moved."):
        assert words in says
    released(workspace)
    candidate(workspace, corrected("0.13"), built_at="2026-05-06T10:00:00+00:00")
    assert found(make_plan(workspace, "mini"), "given_anew")[0][0] == "ok", "the base is a later release"
