"""Bands of schools: what is shown leaves every number wide enough, and the audit takes nothing on trust."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given as supposing
from hypothesis import settings
from hypothesis import strategies as st

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure import school_bands
from rcs_pipeline.disclosure.audit import audit, required
from rcs_pipeline.disclosure.audit_bands import Attacks, attack_files
from rcs_pipeline.disclosure.bands import allowed, band_of, choose
from rcs_pipeline.disclosure.engine import reading
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import bands_shown_to, shown_to
from rcs_pipeline.disclosure.sizes import BandRules, Rows, narrow_bases
from rcs_pipeline.disclosure.worlds import Schools
from rcs_pipeline.ledger.records import Outcome, Verdict
from tests.disclosure.school_tables import (
    CONTRACTS,
    WIDTH,
    Cell,
    attack,
    banded_product,
    candidate,
    given,
    programme,
)

CHECK = "disclosure.partnership.bands"
SIZES = {"A": (180, 90, 60, 40, 12), "B": (400, 70, 55), "C": (130,)}


@pytest.fixture(scope="module")
def product() -> Product:
    return banded_product()


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    return programme(3, SIZES)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, product: Product, cells: list[Cell]) -> Path:
    return candidate(tmp_path_factory.mktemp("banded") / "one", cells, product)


def verdict(folder: Path, product: Product) -> Verdict:
    return next(item for item in audit(folder, product) if item.check == CHECK)


def too_narrow(cells: list[Cell], folder: Path) -> list[str]:
    """What an attacker of its own, solving for every row, finds narrower than it may be."""
    rows = given(folder)
    found = []
    for sums in (True, False):
        for row, width, free in attack(cells, rows, sums=sums):
            near = [other for other in rows if other["indicator_id"] == row["indicator_id"]
                    and other["school_code" if not sums else "cpp_code"]
                    == row["school_code" if not sums else "cpp_code"]]  # fmt: skip
            if any(other["share_from"] is not None for other in near) and width < min(WIDTH, free):
                found.append(f"{row} has {width} of {free}")
    return found


def test_what_is_written_passes_every_audit(made: Path, product: Product) -> None:
    found = {item.check: item for item in audit(made, product)}
    assert {item.outcome for item in found.values()} == {Outcome.PASS}, found
    assert set(found) == set(required(product))
    assert "rows hidden" in found[CHECK].message


def test_an_attacker_who_solves_for_every_row_finds_none_too_narrow(made: Path, cells: list[Cell]) -> None:
    assert too_narrow(cells, made) == []


def test_every_share_lies_in_its_band_and_no_exact_count_is_given(made: Path) -> None:
    rows = [row for row in given(made) if row["share_from"] is not None]
    assert len(rows) > 50
    for row in rows:
        share = 100 * row["numerator"] / row["base"]
        assert row["share_from"] <= share
        assert share < row["share_to"] or share == row["share_to"] == 100
    with duckdb.connect() as connection:
        file = made / "protected/partnership/figures.parquet"
        held = {row[0] for row in connection.execute(f"describe from '{file}'").fetchall()}
    assert not held & {"base", "numerator"}


def test_bands_grow_coarser_with_few_answers_and_the_smallest_school_has_none(made: Path) -> None:
    for row in given(made):
        many = row["base"]
        finest = 10 if many >= 50 else 20 if many >= 25 else 50
        if row["share_from"] is None:
            assert row["symbol"] == "c"
        else:
            assert many >= 10 and row["share_to"] - row["share_from"] == finest
            assert row["symbol"] is None
        if row["school_code"] == "A4":
            assert row["share_from"] is None


def test_neither_the_order_of_rows_nor_threads_change_anything(
    tmp_path: Path, made: Path, product: Product, cells: list[Cell]
) -> None:
    turned = candidate(tmp_path / "turned", cells, product, turned=True)
    for name in ("protected/partnership/figures.parquet", "worlds/figures.parquet"):
        assert (made / name).read_bytes() == (turned / name).read_bytes()


def test_bands_that_two_processes_choose_are_the_same(
    tmp_path: Path, made: Path, cells: list[Cell], product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school_bands, "MANY", 0)
    again = candidate(tmp_path / "shared", cells, product)
    for file in (FILE, WORLDS):
        assert (again / file).read_bytes() == (made / file).read_bytes()


def test_those_inside_are_told_why_a_row_has_no_band(made: Path, product: Product) -> None:
    table = product.table("figures")
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select any_value(columns(*)), reason from read_parquet($1) group by reason",
            [str(made / "masks/partnership/figures.parquet")],
        ).to_arrow_table().to_pylist()  # fmt: skip
    says = {"few_answers": "fewer than 10", "small_school": "fewer than 15", "secondary": "beside it"}
    assert {row["reason"] for row in rows} == set(says)
    for row in rows:
        grain = {name: row[name] for name in table.grain}
        (shown,) = shown_to(made, product, table, grain)
        assert shown.symbol == "c"
        assert says[row["reason"]] in shown.reasons[0]


def test_whoever_follows_an_estimate_of_a_school_back_is_told_of_its_band(
    made: Path, product: Product
) -> None:
    row = {"wave": "w", "indicator_id": "i0", "geography_level": "school", "geography_code": "A4",
           "group_by": "all", "group_value": "all"}  # fmt: skip
    (small,) = bands_shown_to(made, product, row)
    assert small.audience == "partnership, figures"
    assert small.symbol == "c"
    (large,) = bands_shown_to(made, product, {**row, "geography_code": "A0"})
    assert large.state == "shown"
    assert bands_shown_to(made, product, {**row, "geography_level": "cpp"}) == ()
    assert bands_shown_to(made, product, {**row, "group_by": "sex+stage"}) == ()
    assert bands_shown_to(made, product, {**row, "indicator_id": "a mean"}) == ()


def spoiled(folder: Path, product: Product, file: str, query: str) -> Verdict:
    """The verdict after a file was written again by a query over `held`, the file, and `truth`."""
    path = folder / file
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as w (read_only)")
        connection.execute(f"create table held as select * from read_parquet('{path}')")
        connection.execute("create view truth as select * from w.figures")
        connection.execute(f"create table result as {query}")
        assert connection.execute(
            "select count(*) from (from result except all from held) union all"
            " select count(*) from (from held except all from result)"
        ).fetchall() != [(0,), (0,)]
        connection.execute(f"copy result to '{path}' (format parquet)")
    return verdict(folder, product)


FILE, WORLDS = "protected/partnership/figures.parquet", "worlds/figures.parquet"
KEYS = "indicator_id, school_code, group_by, group_value"
TENTH = "share_to - share_from = 10"
# Bands that were withdrawn, shown again as their size alone allows.
PARTS = "case when base >= 50 then 10 when base >= 25 then 5 else 2 end"
WORDS = "case when base >= 50 then '50 or more' when base >= 25 then '25 to 49' else '10 to 24' end"
AGAIN = f"""
    with sized as (
        select held.*, base, numerator, {PARTS} as parts, {WORDS} as words,
            share_from is null and base >= 10 and SCHOOL as again
        from held join (select {KEYS}, base, numerator from truth) using ({KEYS})
    )
    select * exclude (base, numerator, parts, words, again) replace (
        case when again then least(numerator * parts // base, parts - 1) * 100 // parts else share_from end
            as share_from,
        case when again then least(numerator * parts // base + 1, parts) * 100 // parts else share_to end
            as share_to,
        case when again then words else size_class end as size_class
    ) from sized"""

SHOWN = ("size_class", "share_from", "share_to")
WITHOUT_GIRLS = "select * replace ({})".format(
    ", ".join(f"case when group_value <> 'female' then {column} end as {column}" for column in SHOWN)
)


@pytest.mark.parametrize(
    ("file", "query", "says"),
    [
        (FILE, f"select * replace (case when {TENTH} then share_from + 5 else share_from end as share_from)"
         " from held", "do not allow"),
        (FILE, "select * replace (share_from + 10 as share_from, share_to + 10 as share_to) from held",
         "in which the share does not lie"),
        (FILE, "select * replace (case when size_class = '50 or more' then '25 to 49' else size_class end"
         " as size_class) from held", "do not allow"),
        (FILE, "select * replace (null::integer as share_to) from held", "without an edge"),
        (FILE, AGAIN.replace("SCHOOL", "school_code <> 'A4'"), "does not fit"),
        (FILE, AGAIN.replace("SCHOOL", "school_code = 'A4'"), "do not allow"),
        (FILE, f"{WITHOUT_GIRLS} from held", "left away in part"),
        (WORLDS, "select * from held where kind = 'alone'", "knows the partnership's sums"),
        (WORLDS, "select * from held where kind <> 'alone'", "by the bands alone"),
        (WORLDS, "select * replace ('alone' as kind) from held", "knows the partnership's sums"),
        (WORLDS, "select * replace (moved + 1 as moved) from held", "does not keep"),
        (WORLDS, "select * replace (1000 as moved) from held", "no cell can make"),
        (WORLDS, "select * replace ('A99' as school_code) from held", "no cell can make"),
        (WORLDS, "from held union all from held", "stand twice"),
        (WORLDS, "select * replace (0 as world, moved // 2 as moved) from held", "stand twice"),
        (WORLDS, "select * replace (2 * moved as moved) from held", "kept world does not fit"),
    ],
)  # fmt: skip
def test_a_tampered_file_or_certificate_fails(
    tmp_path: Path, made: Path, product: Product, file: str, query: str, says: str
) -> None:
    found = spoiled(shutil.copytree(made, tmp_path / "spoiled"), product, file, query)
    assert found.outcome is Outcome.FAIL
    assert says in found.message


@pytest.mark.parametrize("lost", ["true", "geography_code = 'A0'", "group_value like '%S2'"])
def test_bands_of_pupils_who_are_lost_from_the_cells_are_not_proved(
    tmp_path: Path, made: Path, product: Product, lost: str
) -> None:
    folder = shutil.copytree(made, tmp_path / "lost")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"delete from answers where {lost}")
    found = verdict(folder, product)
    assert found.outcome is Outcome.FAIL
    assert "narrower than the policy allows" in found.message


def test_a_school_whose_pupils_stand_in_no_cell_has_no_band_and_the_others_have(
    tmp_path: Path, cells: list[Cell], product: Product
) -> None:
    """Their sex or stage is not known: nobody can say how wide a band of theirs would be."""
    known = candidate(tmp_path / "known", cells, product)
    folder = shutil.copytree(known, tmp_path / "unknown")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("delete from answers where geography_code = 'A0'")
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    assert verdict(folder, product).outcome is Outcome.PASS
    shown = [{row["school_code"] for row in given(item) if row["share_to"]} for item in (known, folder)]
    assert "A0" in shown[0] and "A0" not in shown[1]
    assert len(shown[1]) > 3


def test_a_partnership_whose_pupils_all_stand_in_no_cell_has_no_band(
    tmp_path: Path, cells: list[Cell], product: Product
) -> None:
    folder = candidate(tmp_path / "unknown", cells, product)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("delete from answers")
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    assert {row["share_to"] for row in given(folder)} == {None}


def test_what_is_left_away_for_few_beside_is_the_smallest_of_them(tmp_path: Path, product: Product) -> None:
    """A large row that goes in their stead says something else."""
    few = [Cell("i0", "A", school, sex, stage, base, base // 3)
           for school, stages in FIVE_STAGES.items() for stage, *bases in stages
           for sex, base in zip(("female", "male"), bases, strict=True)]  # fmt: skip
    folder = candidate(tmp_path / "few", few, product)
    assert verdict(folder, product).outcome is Outcome.PASS
    everybody = WITHOUT_GIRLS.replace("group_value <> 'female'", "group_by <> 'all'")
    assert "left away in part" in spoiled(folder, product, FILE, f"{everybody} from held").message


def test_a_count_in_the_file_is_a_column_that_nobody_was_granted(
    tmp_path: Path, made: Path, product: Product
) -> None:
    folder = shutil.copytree(made, tmp_path / "counted")
    query = f"select held.*, truth.base from held join truth using ({KEYS})"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as w (read_only)")
        connection.execute(f"create table held as from read_parquet('{folder / FILE}')")
        connection.execute("create view truth as from w.figures")
        connection.execute(f"copy ({query}) to '{folder / FILE}' (format parquet)")
    found = {item.check: item for item in audit(folder, product)}["disclosure.partnership.figures"]
    assert found.outcome is Outcome.FAIL
    assert "`base` is not granted" in found.message


# Each sex has 49 at most. With all four large stages in sight 98 - 50 - 25 - 10 - 10 are left for S5 at most.
FIVE_STAGES = {f"A{number}": (("S1", 25, 25), ("S2", 13, 13), ("S3", 5, 5), ("S4", 5, 5), ("S5", 1, 1))
               for number in range(4)}  # fmt: skip
# Of the partnership's 52 in S1 the large school has 49 at most, and the small one has 24 - 10 - 10 at most.
TWO_SCHOOLS = {
    "A0": (("S1", 25, 24), ("S2", 20, 20), ("S3", 20, 20)),
    "A1": (("S1", 1, 2), ("S2", 5, 5), ("S3", 5, 5)),
}
# Of its 38 in S1 the two larger schools have 25 and 10 at least.
THREE_SCHOOLS = {
    "A0": (("S1", 14, 13), ("S2", 20, 20), ("S3", 20, 20)),
    "A1": (("S1", 1, 0), ("S2", 20, 20), ("S3", 20, 20)),
    "A2": (("S1", 5, 5), ("S2", 20, 20), ("S3", 20, 20)),
}


@pytest.mark.parametrize("schools", [FIVE_STAGES, TWO_SCHOOLS, THREE_SCHOOLS])
def test_the_sizes_of_the_others_do_not_tell_how_few_answered(
    tmp_path: Path, product: Product, schools: dict[str, tuple[tuple[str, int, int], ...]]
) -> None:
    cells = [Cell("i0", "A", school, sex, stage, base, base // 3)
             for school, stages in schools.items() for stage, *bases in stages
             for sex, base in zip(("female", "male"), bases, strict=True)]  # fmt: skip
    folder = candidate(tmp_path / "sizes", cells, product)
    assert verdict(folder, product).outcome is Outcome.PASS
    found = spoiled(folder, product, FILE, AGAIN.replace("SCHOOL", "true"))
    assert "row(s) of few answers whose number the sizes of others tell" in found.message


@pytest.mark.parametrize("schools", [FIVE_STAGES, TWO_SCHOOLS, THREE_SCHOOLS])
def test_sizes_that_tell_are_found_before_anything_is_shown(
    product: Product, schools: dict[str, tuple[tuple[str, int, int], ...]]
) -> None:
    groups = ["female", "male", *(stage for stage, *_ in schools["A0"]), "all"]
    base = np.zeros((len(schools), 1, len(groups)), dtype=np.int64)
    for place, stages in enumerate(schools.values()):
        for number, (_, female, male) in enumerate(stages, start=2):
            base[place, 0, [0, 1, number, -1]] += [female, male, female + male, female + male]
    rows = Rows((0, 0, *(1 for _ in groups[3:]), 2), len(groups) - 1, base > 0)
    rules = BandRules.of(product.file.disclosure)
    found = narrow_bases(allowed(base, rows, rules), base, rows, rules)
    assert {int(item) for item in base[found]} <= {1, 2, 3}
    assert found.any()


def test_a_row_that_two_files_show_in_two_ways_fails(tmp_path: Path, made: Path, product: Product) -> None:
    folder = shutil.copytree(made, tmp_path / "two")
    other, table = folder / "other.parquet", product.table("figures")
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace (null::bigint as share_from, null::bigint as share_to,"
            f" null as size_class) from read_parquet('{folder / FILE}')) to '{other}' (format parquet)"
        )
    with reading(folder / "warehouse.duckdb") as connection:
        for files, says in (((folder / FILE,), None), ((folder / FILE, other), "shown in two ways")):
            problems, counts = attack_files(connection, files, folder / WORLDS, product, table)
            assert bool(problems) == (says is not None)
            assert says is None or says in " ".join(problems)
            assert "rows hidden" in counts


@pytest.mark.parametrize("tampered", ["share_from + 10 as share_from", "'x' as size_class"])
def test_the_same_bands_are_attacked_once_and_any_other_again(
    tmp_path: Path, made: Path, product: Product, tampered: str
) -> None:
    folder = shutil.copytree(made, tmp_path / "twice")
    same, other, table = folder / "same.parquet", folder / "other.parquet", product.table("figures")
    with duckdb.connect() as connection:
        held = f"from read_parquet('{folder / FILE}')"
        connection.execute(f"copy (select * {held} order by random()) to '{same}' (format parquet)")
        one = "school_code = 'A0' and group_by = 'all'"
        changed = f"select * replace ({tampered}) {held} where {one}"
        query = f"select * {held} where not ({one}) union all {changed}"
        connection.execute(f"copy ({query}) to '{other}' (format parquet)")
    attacks = Attacks()
    with reading(folder / "warehouse.duckdb") as connection:
        found = [
            attack_files(connection, (file,), folder / WORLDS, product, table, attacks)
            for file in (folder / FILE, same, other, same)
        ]
    assert found[1] is found[0] and found[2] is not found[0]
    assert not found[0][0] and found[3] == found[0]
    assert found[2][0]


def test_without_its_certificate_nothing_passes(tmp_path: Path, made: Path, product: Product) -> None:
    folder = shutil.copytree(made, tmp_path / "bare")
    (folder / WORLDS).unlink()
    assert verdict(folder, product).outcome is Outcome.FAIL
    (folder / WORLDS).write_bytes(b"not a table")
    assert verdict(folder, product).outcome is Outcome.ERROR


@pytest.mark.parametrize("sizes", [(4, 7, 9, 6), (8, 5, 5, 8), (3, 4, 9, 8)])
def test_who_replays_the_method_is_left_as_much_as_who_does_not(
    product: Product, sizes: tuple[int, int, int, int]
) -> None:
    """Every set of answers that a school could have given, each as a question of its own.

    Those of which the same is shown nobody can tell apart, who knows the sizes and the method.
    """
    counts = np.array(list(itertools.product(*(range(size + 1) for size in sizes))))
    # Everybody, girls, boys, and two stages.
    members = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]])
    base, count = np.broadcast_to(np.array(sizes), counts.shape)[None], counts[None]
    schools = Schools(base, count, base @ members.T, count @ members.T, members.astype(bool))
    exists = np.ones(schools.row_base.shape, dtype=bool)
    parts = choose(schools, Rows((0, 1, 1, 2, 2), 0, exists), BandRules.of(product.file.disclosure)).parts[0]
    assert (parts == 0).all(axis=1).any() and (parts > 0).any()
    shown = np.where(parts > 0, band_of(parts, schools.row_base[0], schools.row_count[0]), -1)
    _, alike = np.unique(shown, axis=0, return_inverse=True)
    for same in range(alike.max() + 1):
        left = schools.row_count[0][alike.reshape(-1) == same]
        assert all(len(np.unique(row)) > WIDTH for row in left.T)


BASE = "      - name: base\n        logicalType: integer\n        description: For tests.\n"
schools = st.lists(st.integers(5, 90), min_size=1, max_size=4)
shares = st.sampled_from([0.0, 0.02, 0.15, 0.5, 0.97, 1.0])


def hold(sizes: list[int], seed: int, share: float) -> None:
    """A programme of one partnership and one question is audited, and attacked row by row."""
    product, cells = banded_product(), programme(seed, {"A": sizes}, (share,))
    with tempfile.TemporaryDirectory() as place:
        folder = candidate(Path(place), cells, product)
        assert [item for item in audit(folder, product) if item.outcome is not Outcome.PASS] == []
        assert too_narrow(cells, folder) == []


@settings(max_examples=5)
@supposing(schools, st.integers(0, 10_000), shares)
def test_no_programme_shows_a_row_too_narrow(sizes: list[int], seed: int, share: float) -> None:
    hold(sizes, seed, share)


@pytest.mark.long
@settings(max_examples=150)
@supposing(schools, st.integers(0, 10_000), shares)
def test_no_programme_of_many_shows_a_row_too_narrow(sizes: list[int], seed: int, share: float) -> None:
    hold(sizes, seed, share)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("product.yaml", "{base: 10, parts: 2}", "{base: 9, parts: 2}", "fewer than 5 whole numbers"),
        ("product.yaml", "{base: 25, parts: 5}", "{base: 35, parts: 7}", "whole per cents"),
        ("product.yaml", "{base: 25, parts: 5}", "{base: 10, parts: 2}", "do not rise"),
        ("product.yaml", "minimum_school: {value: 15", "minimum_school: {value: 9", "minimum_school"),
        ("product.yaml", "    owner: tests\n", "", "owner"),
        ("product.yaml", "  minimum_school: {value: 15, reason: smaller than in the real product,"
         " owner: tests}\n", "", "minimum_school"),
        ("figures.odcs.yaml", "[all, sex, stage]", "[all, sex, year]", "year"),
        ("figures.odcs.yaml", "[all, sex, stage]", "[sex, stage]", "without `all`"),
        ("figures.odcs.yaml", "hides: [size_class, share_from, share_to]", "hides: [share_from, share_to]",
         "does not hide"),
        ("figures.odcs.yaml", "table: answers", "table: figures", "lacks geography_code, geography_level"),
        ("figures.odcs.yaml", "table: answers", "table: nothing", "which lacks base"),
        ("figures.odcs.yaml", BASE, BASE + "        customProperties:"
         " [{property: rcs, value: {audiences: [partnership]}}]\n", "are granted: base"),
    ],
)  # fmt: skip
def test_a_contract_that_would_say_too_much_is_refused(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    for path in CONTRACTS.iterdir():
        content = path.read_text(encoding="utf-8")
        if path.name == file:
            assert old in content
            content = content.replace(old, new)
        (tmp_path / path.name).write_text(content, encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        read_product(tmp_path)


def test_cells_that_are_not_protected_as_linked_are_granted_to_nobody(tmp_path: Path) -> None:
    """What linked tables are given is chosen with their margins; other cells would be given as they are."""
    for path in CONTRACTS.iterdir():
        content = path.read_text(encoding="utf-8")
        if path.name == "answers.odcs.yaml":
            linked, base = re.compile(r"          linked:\n(            .*\n)+"), "      - name: base\n"
            assert linked.search(content) and base in content
            granted = "        customProperties: [{property: rcs, value: {audiences: [partnership]}}]\n"
            content = linked.sub("", content).replace(base, base + granted)
        (tmp_path / path.name).write_text(content, encoding="utf-8")
    with pytest.raises(ContractError, match="are granted: base"):
        read_product(tmp_path)
