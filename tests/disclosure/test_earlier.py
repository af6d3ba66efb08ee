"""Releases one after the other: what few people change stays as it was, and nobody is told apart."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure import differencing, keeping
from rcs_pipeline.disclosure.audit import audit, required
from rcs_pipeline.disclosure.changed import Before
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import shown_to
from rcs_pipeline.ledger.paths import AFRESH
from rcs_pipeline.ledger.records import Outcome, Verdict
from tests.disclosure.releases import given
from tests.disclosure.school_tables import Cell, banded_product, programme
from tests.disclosure.school_tables import candidate as schools
from tests.disclosure.test_linked_tables import CONTRACTS, PLACES, SEX, Row, candidate, pupils, rows

SIZES = {"A": 260, "B": 300, "C": 190, "D": 700, "E": 240}
TABLES = ("answers", "reached", "quality")
CHECK, BANDS = "disclosure.open.earlier", "disclosure.partnership.earlier"
GRAIN = "indicator_id, geography_level, geography_code, group_by, group_value"


@pytest.fixture(scope="module")
def product() -> Product:
    return read_product(CONTRACTS)


@pytest.fixture(scope="module")
def people() -> list[Row]:
    return pupils(1, SIZES, (0.4, 0.15, 0.5))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, people: list[Row], product: Product) -> Path:
    return candidate(tmp_path_factory.mktemp("earlier") / "one", people, product)


@pytest.fixture(scope="module")
def release(first: Path) -> Given:
    return given(first, "1.0.0")


def after(folder: Path, people: list[Row], product: Product, *earlier: Given) -> Path:
    """The candidate of these pupils, protected beside earlier releases."""
    candidate(folder, people, product)
    protect(folder / "warehouse.duckdb", folder / "protected", product, earlier=earlier)
    return folder


def without(people: list[Row], leave: int, place: str) -> list[Row]:
    gone = [number for number, row in enumerate(people) if row[0] == place][:leave]
    return [row for number, row in enumerate(people) if number not in set(gone)]


def without_some_of_both(people: list[Row], leave: int, place: str) -> list[Row]:
    """Without so many girls and so many boys of a place."""
    gone = [[at for at, row in enumerate(people) if row[:2] == (place, sex)][:leave] for sex in SEX]
    return [row for number, row in enumerate(people) if number not in {*gone[0], *gone[1]}]


def verdicts(folder: Path, product: Product, *earlier: Given) -> dict[str, Verdict]:
    return {item.check: item for item in audit(folder, product, earlier=earlier)}


def failed(folder: Path, product: Product, *earlier: Given) -> dict[str, str]:
    found = verdicts(folder, product, *earlier)
    return {check: item.message for check, item in found.items() if item.outcome is not Outcome.PASS}


def same_files(one: Path, other: Path) -> bool:
    return all(
        rows(one / f"protected/open/{table}.parquet") == rows(other / f"protected/open/{table}.parquet")
        for table in TABLES
    )


def test_the_same_answers_again_give_the_same_files(
    tmp_path: Path, first: Path, people: list[Row], release: Given, product: Product
) -> None:
    again = after(tmp_path / "two", people, product, release)
    assert same_files(first, again)
    assert not (again / AFRESH).exists()
    assert failed(again, product, release) == {}


@pytest.mark.parametrize("leave", [1, 3])
def test_where_one_or_a_few_leave_every_figure_stays(
    tmp_path: Path, first: Path, people: list[Row], release: Given, product: Product, leave: int
) -> None:
    second = after(tmp_path / "two", without(people, leave, "D"), product, release)
    assert same_files(first, second)
    assert failed(second, product, release) == {}
    assert "keep their figures" in verdicts(second, product, release)[CHECK].message


def test_without_the_earlier_release_in_mind_one_pupil_is_told_apart(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    second = candidate(tmp_path / "two", without(people, 1, "D"), product)
    found = failed(second, product, release)
    assert "differ by fewer than 10 pupils from the row of release 1.0.0" in found[CHECK]
    assert failed(second, product) == {}


def test_a_pupil_whose_answer_is_corrected_is_not_told_apart(
    tmp_path: Path, first: Path, people: list[Row], release: Given, product: Product
) -> None:
    place, sex, stage, *answers = people[0]
    corrected = [(place, sex, stage, 1 - answers[0], *answers[1:]), *people[1:]]
    second = after(tmp_path / "two", corrected, product, release)
    assert same_files(first, second)
    assert failed(second, product, release) == {}


def test_where_many_have_changed_new_figures_show_and_none_is_near_an_old_one(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    second = after(tmp_path / "two", without(people, 300, "D"), product, release)
    assert failed(second, product, release) == {}
    now = second / "protected/open/answers.parquet"
    ((base,),) = rows(
        now, "distinct base", "geography_code = 'D' and group_by = 'all' and indicator_id = 'i0'"
    )
    assert base == 400
    then = release.folders["open"] / "parquet/answers.parquet"
    with duckdb.connect() as connection:
        moved = connection.execute(
            "select abs(now.base - before.base), abs(now.numerator - before.numerator),"
            f" abs(now.base - before.base - now.numerator + before.numerator) from '{now}' as now"
            f" inner join '{then}' as before using ({GRAIN})"
            " where now.base is not null and before.base is not null"
        ).fetchall()
    assert {max(item) for item in moved} & set(range(1, 10)) == set()
    assert any(max(item) >= 10 for item in moved)


def test_what_stood_hidden_stays_hidden(
    tmp_path: Path, first: Path, people: list[Row], release: Given, product: Product
) -> None:
    more = [*people, *pupils(9, {"C": 200}, (0.4, 0.15, 0.5))]
    second = after(tmp_path / "two", more, product, release)
    hidden = set(rows(first / "protected/open/answers.parquet", GRAIN, "symbol = 'c'"))
    assert hidden
    assert not hidden & set(rows(second / "protected/open/answers.parquet", GRAIN, "symbol is null"))
    assert failed(second, product, release) == {}


def test_a_row_shown_that_stood_hidden_is_noticed(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    more = [*people, *pupils(9, {"C": 400}, (0.4, 0.5, 0.5))]
    second = candidate(tmp_path / "two", more, product)
    assert "show what release 1.0.0 hid" in failed(second, product, release)[CHECK]


def test_a_third_release_is_beside_both_earlier_ones(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    second = after(tmp_path / "two", without(people, 300, "D"), product, release)
    between = given(second, "1.1.0")
    # All but two of them come back: far from the second release, near the first.
    third = after(tmp_path / "three", without(people, 2, "D"), product, release, between)
    assert failed(third, product, release, between) == {}
    near = candidate(tmp_path / "near", without(people, 2, "D"), product)
    assert "release 1.0.0" in failed(near, product, release, between)[CHECK]


def test_no_figure_is_kept_from_a_withdrawn_release_and_none_near_it_is_shown(
    tmp_path: Path, first: Path, people: list[Row], product: Product
) -> None:
    withdrawn = given(first, "1.0.9", stands=False)
    second = after(tmp_path / "two", without(people, 1, "D"), product, withdrawn)
    assert rows(
        second / "protected/open/reached.parquet", "symbol", "geography_code = 'D' and group_by = 'all'"
    ) == [("c",)]
    assert failed(second, product, withdrawn) == {}


def test_a_figure_that_is_nobodys_is_noticed(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    second = after(tmp_path / "two", without(people, 1, "D"), product, release)
    file = second / "protected/open/reached.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table edited as select * replace (case when geography_code = 'D' and group_by = 'all'"
            f" then respondents + 40 else respondents end as respondents) from read_parquet('{file}')"
        )
        connection.execute(f"copy edited to '{file}' (format parquet)")
    assert (
        "neither the candidate's nor those of an earlier release" in failed(second, product, release)[CHECK]
    )


@pytest.mark.parametrize(
    ("column", "where"),
    [
        # Nobody of the group left the place, but others did, and whoever stays weighs more for it.
        ("estimate", "geography_code = 'D' and group_by <> 'all'"),
        # Fewer than ten left the group in the programme, and what is told of the others has their weights.
        ("comparator", "geography_code = 'B'"),
    ],
)
def test_figures_of_the_same_pupils_that_others_moved_are_noticed(
    tmp_path: Path, people: list[Row], release: Given, product: Product, column: str, where: str
) -> None:
    # Many girls of S2 and a boy of S1 leave one place.
    girls = [number for number, row in enumerate(people) if row[:3] == ("D", "female", "S2")][::2]
    boy = next(number for number, row in enumerate(people) if row[:3] == ("D", "male", "S1"))
    left = [row for number, row in enumerate(people) if number not in {*girls, boy}]
    folder = after(tmp_path / "two", left, product, release)
    assert len(girls) >= 10
    assert failed(folder, product, release) == {}
    file, then = (
        folder / "protected/open/answers.parquet",
        release.folders["open"] / "parquet/answers.parquet",
    )
    with duckdb.connect() as connection:
        connection.execute(f"""
            create table edited as
            select now.* replace (
                now.{column} + case when {where.replace("g", "now.g", 1)} and now.base = was.base
                    and now.numerator is not distinct from was.numerator then 0.01 else 0 end as {column}
            )
            from '{file}' as now left join '{then}' as was using ({GRAIN})
        """)
        connection.execute(f"copy edited to '{file}' (format parquet)")
    assert (
        "rows of the same pupils have figures that say how many others left or joined"
        in (failed(folder, product, release)[CHECK])
    )


def test_a_group_that_everybody_left_closes_no_gate(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    left = [row for row in people if row[:3] != ("D", "female", "S2")]
    assert len(people) - len(left) >= 100
    folder = after(tmp_path / "two", left, product, release)
    assert failed(folder, product, release) == {}
    shown = rows(
        folder / "protected/open/answers.parquet",
        "group_value, base",
        "geography_code = 'D' and indicator_id = 'i0' and group_value in ('S2', 'male+S2')",
    )
    assert {base for _, base in shown} == {sum(row[0] == "D" and row[2] == "S2" for row in left)}


@pytest.mark.parametrize("seed", [1, 3])
def test_a_small_place_that_leaves_closes_no_gate_though_its_whole_is_known_then(
    tmp_path: Path, product: Product, seed: int
) -> None:
    people = pupils(seed, {"A": 400, "B": 60, "C": 490, "D": 500, "E": 240}, (0.4, 0.04, 0.5))
    release = given(after(tmp_path / "one", people, product), "1.0.0")
    folder = after(tmp_path / "two", [row for row in people if row[0] != "B"], product, release)
    hidden = "geography_code = '1' and indicator_id = 'i0' and base is null"
    assert rows(folder / "protected/open/answers.parquet", where=hidden)
    assert failed(folder, product, release) == {}


def test_a_file_put_beside_the_protected_ones_to_be_judged_instead_is_noticed(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    made = candidate(tmp_path / "one", people, product)
    (made / AFRESH / "open").mkdir(parents=True)
    other = candidate(tmp_path / "other", without(people, 200, "D"), product)
    (other / "protected/open/reached.parquet").rename(made / AFRESH / "open/reached.parquet")
    assert CHECK in failed(made, product)


def test_no_file_is_judged_instead_of_one_that_nothing_holds_against_it(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    made = candidate(tmp_path / "one", people, product)
    (made / AFRESH / "open").mkdir(parents=True)
    (made / AFRESH / "open/lines.parquet").write_bytes((made / "protected/open/lines.parquet").read_bytes())
    assert f"{AFRESH}/open/lines.parquet" in failed(made, product)["disclosure.files"]


def test_those_inside_are_told_why_a_figure_stayed(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    second = after(tmp_path / "two", without(people, 1, "D"), product, release)
    row = {"geography_level": "cpp", "geography_code": "D", "group_by": "all", "group_value": "all"}
    (shown,) = shown_to(second, product, product.table("reached"), row)
    assert shown.state == "kept"
    assert shown.reasons == (
        "the figures of 1.0.0: fewer than 10 pupils, of it or beside it, differ from an earlier release",
    )


RARE: list[Row] = [
    ("D", "female", "S9", 1, 0, 1),
    ("D", "female", "S9", 0, 0, 1),
    ("D", "male", "S9", 1, 1, 0),
]


@pytest.mark.parametrize("then", [True, False])
def test_a_group_of_few_neither_comes_nor_goes(
    tmp_path: Path, people: list[Row], product: Product, then: bool
) -> None:
    with_them, without_them = [*people, *RARE], people
    first, second = (with_them, without_them) if then else (without_them, with_them)
    one = candidate(tmp_path / "one", first, product)
    release = given(one, "1.0.0")
    two = after(tmp_path / "two", second, product, release)
    where = "geography_code = 'D' and group_value like '%S9' order by all"
    columns = "indicator_id, group_by, group_value, base, symbol"
    before = rows(one / "protected/open/answers.parquet", columns, where)
    assert bool(before) is then
    assert rows(two / "protected/open/answers.parquet", columns, where) == before
    assert same_files(one, two)
    assert failed(two, product, release) == {}
    alone = candidate(tmp_path / "alone", second, product)
    says = "rows that stood hidden are gone" if then else "rows are new and hidden"
    assert says in failed(alone, product, release)[CHECK]


@pytest.mark.parametrize("damage", ["lost", "edited", "other sums"])
def test_an_earlier_release_that_is_not_as_it_was_stops_the_build(
    tmp_path: Path, people: list[Row], product: Product, damage: str
) -> None:
    made = candidate(tmp_path / "one", people, product)
    release = given(made, "1.0.0")
    folder = release.folders["open"]
    if damage == "lost":
        (folder / "parquet/reached.parquet").unlink()
    elif damage == "edited":
        (folder / "parquet/reached.parquet").write_bytes((folder / "parquet/answers.parquet").read_bytes())
    else:
        (folder / "SHA256SUMS").write_text("")
    with pytest.raises(RefusedError, match="its readers still have it"):
        protect(made / "warehouse.duckdb", made / "protected", product, earlier=(release,))


def of_two_audiences(folder: Path) -> Product:
    """The product, of which friends see the one table that nothing is hidden of."""
    shutil.copytree(CONTRACTS, folder)
    for file in (folder / "lines.odcs.yaml", folder / "product.yaml"):
        text = file.read_text(encoding="utf-8").replace("audiences: [open]", "audiences: [open, friends]")
        place = "  open: {title: Everybody, geographies: [programme, tranche, cpp]}\n"
        text = text.replace(place, place + place.replace("open", "friends"))
        file.write_text(text, encoding="utf-8")
    return read_product(folder)


def test_an_earlier_release_of_one_audience_that_broke_since_takes_no_other_verdict_along(
    tmp_path: Path, people: list[Row]
) -> None:
    both = of_two_audiences(tmp_path / "linked")
    made = candidate(tmp_path / "one", people, both)
    release = given(made, "1.0.0")
    (release.folders["open"] / "SHA256SUMS").write_text("")
    found = verdicts(made, both, release)
    assert set(found) == set(required(both))
    broken = {check: item.message for check, item in found.items() if item.outcome is not Outcome.PASS}
    assert set(broken) == {"disclosure.open.linked", CHECK}
    assert all("its readers still have it" in message for message in broken.values())


@pytest.mark.parametrize("seed", range(4))
def test_three_releases_of_other_programmes_hold(tmp_path: Path, product: Product, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    earlier: list[Given] = []
    people = pupils(seed, SIZES, (0.3, 0.05, 0.5))
    for version in range(3):
        made = after(tmp_path / str(version), people, product, *earlier)
        assert failed(made, product, *earlier) == {}
        earlier.append(given(made, f"1.{version}.0"))
        place = draw.choice(list(SIZES))
        people = without(people, draw.choice([1, 5, 12, 60]), place)
        people += pupils(seed + 100, {draw.choice(list(SIZES)): draw.choice([0, 1, 8, 30])}, (0.3, 0.05, 0.5))


def test_those_who_are_left_of_everybody_beside_one_group_alone_are_not_told_twice(
    tmp_path: Path, product: Product
) -> None:
    """Neither sexes nor stages are in sight then, but everybody is, and one of the groups by both."""
    earlier: list[Given] = []
    people = pupils(5, {"A": 700, "B": 240, "C": 260, "D": 500}, (0.4, 0.15, 0.5))
    for version, leave in enumerate(({}, {"A": 9}, {"D": 17, "B": 10}, {"D": 2, "B": 12})):
        for place, many in leave.items():
            people = without(people, many, place)
        made = after(tmp_path / str(version), people, product, *earlier)
        assert failed(made, product, *earlier) == {}
        earlier.append(given(made, f"1.{version}.0"))


def test_where_one_leaves_a_place_out_of_sight_its_whole_is_not_taken_for_known(
    tmp_path: Path, first: Path, people: list[Row], release: Given, product: Product
) -> None:
    hidden = rows(first / "protected/open/quality.parquet", "geography_code", "symbol is not null")
    assert {("A",), ("B",)} <= set(hidden) and ("1",) not in hidden
    second = candidate(tmp_path / "two", people, product)
    with duckdb.connect(str(second / "warehouse.duckdb")) as connection:
        connection.execute("update quality set asked = asked - 1 where geography_code in ('A', '1', 'rcs')")
    protect(second / "warehouse.duckdb", second / "protected", product, earlier=(release,))
    assert failed(second, product, release) == {}


@pytest.mark.parametrize("late", ["B", "E", "CDE"])
def test_a_place_that_comes_later_is_released(
    tmp_path: Path, people: list[Row], product: Product, late: str
) -> None:
    one = after(tmp_path / "one", [row for row in people if row[0] not in late], product)
    release = given(one, "1.0.0")
    assert failed(after(tmp_path / "two", people, product, release), product, release) == {}


def in_sight(folder: Path, level: str) -> dict[Row, tuple[int, int]]:
    """Base and numerator of what readers see of answers, by question, place and group."""
    shown = rows(
        folder / "protected/open/answers.parquet",
        "indicator_id, geography_code, group_by, group_value, base, numerator",
        f"geography_level = '{level}' and base is not null",
    )
    return {row[:4]: row[4:] for row in shown}


def worked_out(one: Path, two: Path, late: str) -> int:
    """How many hidden numbers of a late place are what the wholes are today less what they were."""
    with duckdb.connect(str(two / "warehouse.duckdb"), read_only=True) as connection:
        truth = connection.execute(
            f"select indicator_id, group_by, group_value, base, numerator from answers"
            f" where geography_code = '{late}'"
        ).fetchall()
    found, sight = 0, in_sight(two, "cpp")
    for line, by, value, *counts in truth:
        if (line, late, by, value) in sight:
            continue
        for level, place in (("programme", "rcs"), ("tranche", PLACES[late])):
            then, now = (in_sight(item, level).get((line, place, by, value)) for item in (one, two))
            if then and now:
                found += [today - before for today, before in zip(now, then, strict=True)] == counts
    return found


def test_hidden_numbers_of_a_place_that_comes_later_are_not_what_its_whole_grew_by(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    # Its tranche stood hidden as well, so only the programme says what it grew by.
    late = "B"
    one = after(tmp_path / "one", [row for row in people if row[0] != late], product)
    release = given(one, "1.0.0")
    bare = candidate(tmp_path / "bare", people, product)
    assert worked_out(one, bare, late), "the attacker finds nothing, so nothing is tested"
    assert "narrower" in failed(bare, product, release)["disclosure.open.linked"]
    two = after(tmp_path / "two", people, product, release)
    assert worked_out(one, two, late) == 0
    assert failed(two, product, release) == {}


def test_who_comes_does_not_hide_behind_figures_that_are_kept_for_the_sake_of_one_who_left(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = pupils(2, SIZES, (0.4, 0.15, 0.5))
    one = after(tmp_path / "one", [row for row in everybody if row[0] != "E"], product)
    release, left = given(one, "1.0.0"), without(everybody, 1, "D")
    two = after(tmp_path / "two", left, product, release)
    assert worked_out(one, two, "E") == 0
    assert failed(two, product, release) == {}
    # A choice for which D is another place leaves numbers of E to be worked out, and they are noticed.
    monkeypatch.setattr(Before, "newcomers", lambda _, exists: np.zeros_like(exists))
    near = after(tmp_path / "near", left, product, release)
    assert worked_out(one, near, "E")
    assert "narrower" in failed(near, product, release)["disclosure.open.linked"]


def test_a_figure_that_only_its_parts_forbid_stays_until_too_many_differ(
    tmp_path: Path, product: Product
) -> None:
    """Sixteen who leave are eight girls and eight boys: new figures of all would tell how many of each."""
    people = pupils(2, SIZES, (0.4, 0.15, 0.5))
    one = after(tmp_path / "one", people, product)
    release = given(one, "1.0.0")
    where = "geography_code = 'D' and group_by in ('all', 'sex')"
    figures = "indicator_id, group_value, base, numerator, estimate"
    first = sorted(rows(one / "protected/open/answers.parquet", figures, f"{where} and base is not null"))
    assert {row[1] for row in first} == {"all", "female", "male"}
    left = without_some_of_both(people, 8, "D")
    two = after(tmp_path / "two", left, product, release)
    assert sorted(rows(two / "protected/open/answers.parquet", figures, where)) == first
    assert failed(two, product, release) == {}
    # Where no share of a row may be others it goes, as its sexes do not.
    policy = product.file.disclosure.model_copy(update={"kept_share": 0.0})
    file = product.file.model_copy(update={"disclosure": policy})
    three = after(tmp_path / "three", left, replace(product, file=file), release)
    shown = rows(three / "protected/open/answers.parquet", figures, f"{where} and base is not null")
    assert sorted(shown) == [row for row in first if row[1] != "all"]


def test_a_figure_that_stays_for_too_long_is_noticed(
    tmp_path: Path, people: list[Row], release: Given, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = without_some_of_both(people, 8, "E")
    assert failed(after(tmp_path / "two", left, product, release), product, release) == {}
    monkeypatch.setattr(keeping, "_most_apart", lambda *_: "1000")
    found = failed(after(tmp_path / "three", left, product, release), product, release)
    assert "too many pupils are others today" in found[CHECK]


def test_who_comes_does_not_hide_behind_a_place_that_many_left_and_that_keeps_its_figures(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = pupils(2, SIZES, (0.4, 0.15, 0.5))
    one = after(tmp_path / "one", [row for row in everybody if row[0] != "E"], product)
    release, left = given(one, "1.0.0"), without_some_of_both(everybody, 8, "D")
    two = after(tmp_path / "two", left, product, release)
    assert failed(two, product, release) == {}
    # A choice for which the place is seen to have changed leaves numbers of few to be worked out.
    monkeypatch.setattr(Before, "with_silent", lambda before, *_: before)
    near = after(tmp_path / "near", left, product, release)
    assert "known exactly" in failed(near, product, release)["disclosure.open.linked"]


def test_who_comes_does_not_hide_behind_another_question_that_is_cut_anew(
    tmp_path: Path, product: Product
) -> None:
    """Questions with the same bases: of the others everything that was in sight is as it was."""
    everybody = pupils(2, SIZES, (0.4, 0.15, 0.5))
    one = after(tmp_path / "one", [row for row in everybody if row[0] != "E"], product)
    release = given(one, "1.0.0")
    cut = [(*row[:-1], 1 - row[-1]) for row in without(everybody, 1, "D")]
    two = after(tmp_path / "two", cut, product, release)
    assert worked_out(one, two, "E") == 0
    assert failed(two, product, release) == {}


@pytest.mark.parametrize(
    ("seed", "sizes", "late", "left"),
    [
        (3, {"A": 400, "B": 60, "C": 490, "D": 500, "E": 240}, "B", "D"),
        (5, {"A": 400, "B": 300, "C": 90, "D": 500, "E": 240}, "C", "A"),
        (16, {"A": 400, "B": 150, "C": 90, "D": 500, "E": 100}, "C", "E"),
    ],
)
def test_who_came_between_two_releases_came_for_readers_of_the_first_alone(
    tmp_path: Path, product: Product, seed: int, sizes: dict[str, int], late: str, left: str
) -> None:
    """To readers of both, what the second hid of the same people is no more known than they are."""
    people = pupils(seed, sizes, (0.4, 0.04, 0.5))
    one = given(after(tmp_path / "one", [row for row in people if row[0] != late], product), "1.0.0")
    two = given(after(tmp_path / "two", people, product, one), "1.1.0")
    three = after(tmp_path / "three", without(people, 1, left), product, one, two)
    assert failed(three, product, one, two) == {}


def test_who_leaves_and_is_in_no_group_does_not_close_the_gate_to_who_comes(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    def of(folder: Path, pupils_: list[Row], neither: int, *earlier: Given) -> Path:
        made = candidate(folder, pupils_, product)
        with duckdb.connect(str(made / "warehouse.duckdb")) as connection:
            connection.execute(
                f"update answers set base = base + {neither}, numerator = numerator + {neither}"
                " where group_by = 'all' and geography_code in ('D', '2', 'rcs')"
            )
        protect(made / "warehouse.duckdb", made / "protected", product, earlier=earlier)
        return made

    release = given(of(tmp_path / "one", [row for row in people if row[0] != "E"], 12), "1.0.0")
    left = without(people, 1, "C")
    assert failed(of(tmp_path / "two", left, 11, release), product, release) == {}


def test_the_answers_of_who_left_are_not_what_figures_old_and_new_leave_of_their_whole(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    """Kept figures of some places, those of one that is new, and the new whole of all of them."""
    one = after(tmp_path / "one", [row for row in people if row[0] != "E"], product)
    release = given(one, "1.0.0")
    left = without(without(people, 1, "C"), 1, "D")
    two = after(tmp_path / "two", left, product, release)
    sight, above = in_sight(two, "cpp"), in_sight(two, "tranche")
    assert [key for key in sight if key[1] == "E" and key[2] == "all"], "what is new is in sight"
    for (line, place, by, value), whole in above.items():
        parts = [sight.get((line, part, by, value)) for part, of in PLACES.items() if of == place]
        if None not in parts:
            base, numerator = (
                whole[number] - sum(part[number] for part in parts if part) for number in (0, 1)
            )
            assert not 0 < max(abs(base), abs(numerator), abs(base - numerator)) < 10, (line, by, value)
    assert failed(two, product, release) == {}


def test_a_whole_shown_anew_does_not_say_how_many_left_each_of_its_kept_parts(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"A": 460, "B": 400, "C": 490, "D": 700, "E": 440}
    everybody = pupils(1, sizes, (0.4, 0.25, 0.5))
    release = given(after(tmp_path / "one", everybody, product), "1.0.0")
    girls, boys = (
        [number for number, row in enumerate(everybody) if row[:2] == ("D", sex)][:9]
        for sex in ("female", "male")
    )
    left = [row for number, row in enumerate(everybody) if number not in {*girls, *boys}]
    assert failed(after(tmp_path / "two", left, product, release), product, release) == {}
    # A choice that leaves the whole in sight is noticed.
    monkeypatch.setattr(differencing, "told_by_sums", lambda rows, *_: np.zeros(rows.shape[0], dtype=bool))
    near = failed(after(tmp_path / "near", left, product, release), product, release)
    assert "how many pupils left or joined each of their kept parts" in near["disclosure.open.linked"]


def test_counts_of_the_same_pupils_elsewhere_say_no_more_than_the_respondents(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = pupils(1, {"A": 460, "B": 400, "C": 490, "D": 700, "E": 440}, (0.4, 0.25, 0.5))
    release = given(after(tmp_path / "one", everybody, product), "1.0.0")
    leaving = {
        number
        for sex in ("female", "male")
        for number in [number for number, row in enumerate(everybody) if row[:2] == ("D", sex)][:9]
    }
    left = [row for number, row in enumerate(everybody) if number not in leaving]
    above = "geography_code in ('2', 'rcs')"

    def told(folder: Path, table: str, column: str, group: str = "true") -> list[Row]:
        file = folder / f"protected/open/{table}.parquet"
        return rows(file, f"distinct {column}", f"{above} and {group} order by all")

    def second(folder: Path) -> Path:
        made = candidate(folder, left, product)
        with duckdb.connect(str(made / "warehouse.duckdb")) as connection:
            connection.execute(f"update quality set asked = asked - 18 where {above} or geography_code = 'D'")
        protect(made / "warehouse.duckdb", made / "protected", product, earlier=(release,))
        return made

    folder = second(tmp_path / "two")
    # Two kept parts would say of a new whole that nine left each, so it keeps its figure too.
    respondents = ("reached", "respondents", "group_by = 'all'")
    assert told(folder, *respondents) == told(tmp_path / "one", *respondents) != [(None,)]
    assert told(folder, "quality", "asked") == told(tmp_path / "one", "quality", "asked")
    assert failed(folder, product, release) == {}
    said = rows(folder / "masks/open/quality.parquet", "distinct kept_from, reason", above)
    assert said == [("1.0.0", "earlier")]
    # A choice that knows of no other table is noticed.
    monkeypatch.setattr(keeping, "_followed", lambda _: "false")
    folder = second(tmp_path / "alone")
    assert told(folder, "quality", "asked") != told(tmp_path / "one", "quality", "asked")
    assert "rows tell pupils whom `reached` does not" in failed(folder, product, release)[CHECK]


def test_who_comes_to_places_all_out_of_sight_is_not_what_is_left_of_their_whole(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    def of(folder: Path, late: str, *earlier: Given) -> Path:
        made = candidate(folder, people, product)
        with duckdb.connect(str(made / "warehouse.duckdb")) as connection:
            connection.execute(f"""
                update quality set pupils = case when geography_level = 'cpp' then 2 else 4 end;
                delete from quality where kind <> 'skipped' or geography_code = '{late}'
            """)
        protect(made / "warehouse.duckdb", made / "protected", product, earlier=earlier)
        return made

    one = of(tmp_path / "one", "E")
    assert not rows(one / "protected/open/quality.parquet", "1", "symbol is null")
    release = given(one, "1.0.0")
    assert failed(of(tmp_path / "two", "nobody", release), product, release) == {}


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_a_whole_less_the_parts_of_a_part_out_of_sight_is_no_group_of_few(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    sizes = {"A": 460, "B": 400, "C": 490, "D": 700, "E": 440}
    draw, people = random.Random(seed), pupils(seed, sizes, (0.4, 0.25, 0.5))  # noqa: S311
    release = given(after(tmp_path / "one", people, product), "1.0.0")
    for place in sizes:
        people = without(people, draw.choice([0, 0, 2, 3, 10, 11, 14, 25]), place)
    assert failed(after(tmp_path / "two", people, product, release), product, release) == {}
    # A choice that looks at one level at a time leaves some, and they are noticed.
    monkeypatch.setattr(differencing, "further_sums", lambda places, _: places[:0])
    monkeypatch.setattr(differencing, "told_by_sums", lambda rows, *_: np.zeros(rows.shape[0], dtype=bool))
    near = failed(after(tmp_path / "near", people, product, release), product, release)
    assert "too few pupils are left between two releases" in near["disclosure.open.linked"]


def moved_bands(cells: list[Cell]) -> list[Cell]:
    """Some answers of every school are other ones."""
    return [
        cell._replace(count=min(cell.base, cell.count + 2)) if cell.line == "i0" else cell for cell in cells
    ]


def test_bands_of_a_school_stay_as_they_were_first_given(tmp_path: Path) -> None:
    banded, cells = banded_product(), programme(3, {"A": (180, 90, 60, 40), "B": (400, 70)})
    first = schools(tmp_path / "one", cells, banded)
    release = given(first, "1.0.0")
    second = schools(tmp_path / "two", moved_bands(cells), banded)
    assert "show another band than release 1.0.0" in failed(second, banded, release)[BANDS]
    protect(second / "warehouse.duckdb", second / "protected", banded, earlier=(release,))
    assert failed(second, banded, release) == {}
    file = "protected/partnership/figures.parquet"
    assert rows(first / file) == rows(second / file)
    # Those inside see which rows would have another band today, and no others.
    mask = second / "masks/partnership/figures.parquet"
    kept = rows(mask, "distinct indicator_id, kept_from", "kept_from is not null")
    assert kept == [("i0", "1.0.0")]


def test_bands_of_a_partnership_that_comes_later_are_given_beside_the_old_ones(tmp_path: Path) -> None:
    banded, cells = banded_product(), programme(3, {"A": (180, 90, 60, 40)})
    release = given(schools(tmp_path / "one", cells, banded), "1.0.0")
    more = [*cells, *programme(4, {"B": (400, 70, 90)})]
    second = schools(tmp_path / "two", more, banded)
    protect(second / "warehouse.duckdb", second / "protected", banded, earlier=(release,))
    assert failed(second, banded, release) == {}
    file = second / "protected/partnership/figures.parquet"
    assert rows(file, "count(*)", "cpp_code = 'B' and share_from is not null") != [(0,)]
