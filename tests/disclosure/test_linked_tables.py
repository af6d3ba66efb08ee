"""Linked tables of a product: what is written, why, and what the audit's attacker makes of it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import shown_to
from rcs_pipeline.ledger.records import Outcome, Verdict

CONTRACTS = Path(__file__).parent / "contracts" / "products" / "linked"
SEX, STAGE = ("female", "male"), ("S1", "S2", "S3")
PLACES = {"A": "1", "B": "1", "C": "2", "D": "2", "E": "2"}
Row = tuple[Any, ...]
# Place, tranche, asked, skipped, refused: few skip in A, few refuse in D.
SKIPPED = (
    "('A', '1', 260, 3, 40), ('B', '1', 300, 50, 60), ('C', '2', 90, 20, 30), ('D', '2', 280, 40, 2),"
    " ('E', '2', 240, 60, 70)"
)


@pytest.fixture(scope="module")
def product() -> Product:
    return read_product(CONTRACTS)


def tabulated(pupils: list[Row]) -> tuple[list[Row], list[Row]]:
    """Both tables of pupils (place, sex, stage, and an answer or none to each of the three questions)."""
    answers: dict[Row, list[int]] = {}
    reached: dict[Row, int] = {}
    for place, sex, stage, *given in pupils:
        tranche = PLACES[place]
        for where in (("programme", "rcs", None), ("tranche", tranche, tranche), ("cpp", place, tranche)):
            for group in (
                ("all", "all"), ("sex", sex), ("stage", stage), ("sex+stage", f"{sex}+{stage}"),
            ):  # fmt: skip
                reached[(*where, *group)] = reached.get((*where, *group), 0) + 1
                for number, answer in enumerate(given):
                    if answer is not None:
                        cell = answers.setdefault((f"i{number}", *where, *group), [0, 0])
                        cell[0] += 1
                        cell[1] += answer
    cells = [(*key, base, count) for key, (base, count) in answers.items()]
    return cells, [(*key, count) for key, count in reached.items()]


def pupils(seed: int, places: dict[str, int], shares: tuple[float, ...] = (0.3, 0.04, 0.5)) -> list[Row]:
    """As many as asked for in each place; the second question has few who say yes."""
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    return [
        (place, draw.choice(SEX), draw.choice(STAGE), *(int(draw.random() < share) for share in shares))
        for place, count in places.items()
        for _ in range(count)
    ]


def candidate(folder: Path, people: list[Row], product: Product, *, turned: bool = False) -> Path:
    """A candidate's folder with the warehouse of these pupils, protected."""
    folder.mkdir(exist_ok=True)
    cells, reached = tabulated(people)
    if turned:
        cells, reached = cells[::-1], reached[::-1]
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "create table answers (indicator_id varchar, geography_level varchar, geography_code varchar,"
            " tranche varchar, group_by varchar, group_value varchar, base integer, numerator integer,"
            " estimate double, comparator double, symbol varchar)"
        )
        connection.executemany(
            "insert into answers values ($1, $2, $3, $4, $5, $6, $7, $8, $8 / $7, 0.5, null)", cells
        )
        connection.execute(
            "create table reached (geography_level varchar, geography_code varchar, tranche varchar,"
            " group_by varchar, group_value varchar, respondents integer, roll integer, symbol varchar)"
        )
        connection.executemany("insert into reached values ($1, $2, $3, $4, $5, $6, $6 + 40, null)", reached)
        connection.execute("create table lines as select 'i' || i as indicator_id, i = 1 as sensitive"
                           " from range(3) as t(i)")  # fmt: skip
        connection.execute(f"""create table quality as
            with places (place, tranche, asked, skipped, refused) as (values {SKIPPED}),
            cells as (
                unpivot (select *, skipped + refused as missing from places)
                on skipped, refused, missing into name kind value pupils
            )
            select 'cpp' as geography_level, place as geography_code, kind, tranche, asked,
                asked as share_of, pupils, null::varchar as symbol
            from cells
            union all
            select case when tranche is null then 'programme' else 'tranche' end,
                coalesce(tranche, 'rcs'), kind, tranche, sum(asked), sum(asked), sum(pupils), null
            from cells group by grouping sets ((kind, tranche), (kind))""")
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    return folder


def rows(file: Path, columns: str = "*", where: str = "true") -> list[Row]:
    with duckdb.connect() as connection:
        return connection.execute(f"select {columns} from read_parquet('{file}') where {where}").fetchall()


def verdict(folder: Path, product: Product) -> Verdict:
    return next(item for item in audit(folder, product) if item.check == "disclosure.open.linked")


FEW = {"A": 260, "B": 300, "C": 90, "D": 280, "E": 240}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, product: Product) -> Path:
    return candidate(tmp_path_factory.mktemp("linked") / "one", pupils(1, FEW), product)


def test_what_is_written_holds_against_the_attacker(made: Path, product: Product) -> None:
    found = {item.check: item for item in audit(made, product)}
    assert {item.outcome for item in found.values()} == {Outcome.PASS}, found
    says = found["disclosure.open.linked"].message
    assert "cells hidden" in says and "5 values or more" in says


def test_every_number_of_a_hidden_cell_goes_together(made: Path) -> None:
    hidden = rows(
        made / "protected/open/answers.parquet", "estimate, base, numerator, comparator", "symbol = 'c'"
    )
    assert hidden
    assert set(hidden) == {(None, None, None, None)}


def test_the_reason_stands_in_the_mask_and_only_the_symbol_in_the_table(made: Path) -> None:
    classes = dict(rows(made / "masks/open/answers.parquet", "class, count(*)", "true group by 1"))
    assert classes["primary"] > 0 and classes["secondary"] > 0
    symbols = rows(made / "protected/open/answers.parquet", "distinct symbol")
    assert set(symbols) == {("c",), (None,)}
    hidden = len(rows(made / "protected/open/answers.parquet", "1", "symbol is not null"))
    assert sum(classes.values()) == hidden
    assert not list((made / "protected").rglob("*mask*"))


def test_a_count_is_hidden_beside_another_of_its_whole_and_of_its_place(made: Path) -> None:
    file = made / "protected/open/quality.parquet"
    found = rows(file, "geography_code, kind, asked, pupils", "symbol = 'c'")
    assert all(numbers == [None, None] for _, _, *numbers in found)
    # Few skip in A, few refuse in D; how many do either stays.
    hidden = {(place, kind) for place, kind, *_ in found}
    assert {kind for _, kind in hidden} == {"skipped", "refused"}
    assert {place for place, _ in hidden} in ({"A", "B", "C", "D"}, {"A", "B", "D", "E"})
    assert len(hidden) == 8
    classes = {
        row[:2]: row[2] for row in rows(made / "masks/open/quality.parquet", "geography_code, kind, class")
    }
    assert classes["A", "skipped"] == classes["D", "refused"] == "primary"
    assert classes["A", "refused"] == classes["B", "skipped"] == "secondary"


def test_what_is_hidden_since_its_share_is_of_few_is_not_what_the_other_places_leave(
    tmp_path: Path, product: Product
) -> None:
    folder = candidate(tmp_path / "few", pupils(1, FEW), product)
    file = folder / "protected/open/quality.parquet"
    few = "geography_code = 'E' and kind in ('skipped', 'refused')"
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"update quality set share_of = 20 where {few}")
        # Nothing of this tranche is small itself.
        connection.execute(
            "update quality set pupils = pupils + 40"
            " where geography_code in ('D', '2', 'rcs') and kind in ('refused', 'missing')"
        )
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    hidden = set(rows(file, "geography_code, kind", "symbol = 'c' and geography_code in ('C', 'D', 'E')"))
    assert {("E", "skipped"), ("E", "refused")} < hidden
    assert verdict(folder, product).outcome is Outcome.PASS


def test_a_kind_whose_others_are_shown_beside_the_whole_is_noticed(tmp_path: Path, product: Product) -> None:
    """Those who skipped are hidden in both places of the tranche, so that no sum of places gives them."""
    folder = candidate(tmp_path / "one", pupils(1, FEW), product)
    file = folder / "protected/open/quality.parquet"

    which = "geography_code in ('A', 'B') and kind = 'refused'"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as w (read_only)")
        connection.execute(f"""create table shown as
            select held.* replace (
                if({which}, truth.asked, held.asked) as asked,
                if({which}, truth.pupils, held.pupils) as pupils,
                if({which}, null, held.symbol) as symbol)
            from read_parquet('{file}') as held
            join w.quality as truth using (geography_level, geography_code, kind)""")
        connection.execute(f"copy shown to '{file}' (format parquet)")
    found = verdict(folder, product)
    assert found.outcome is Outcome.FAIL
    assert "known exactly" in found.message.split("quality", 1)[1]


def test_all_but_a_few_of_a_roll_are_hidden_and_attacked_as_few_are(tmp_path: Path, product: Product) -> None:
    folder = candidate(tmp_path / "roll", pupils(1, FEW), product)
    file = folder / "protected/open/reached.parquet"
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "update reached set roll = respondents + 2 where geography_code = 'B' and group_by = 'all'"
        )
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    assert rows(file, "symbol", "geography_code = 'B' and group_by = 'all'") == [("c",)]
    assert verdict(folder, product).outcome is Outcome.PASS
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"""create temp table shown as
            select held.* replace (
                if(held.geography_code = 'B', held.respondents, truth.respondents) as respondents,
                if(held.geography_code = 'B', held.symbol, null) as symbol)
            from read_parquet('{file}') as held
            join reached as truth using (geography_level, geography_code, group_by, group_value)""")
        connection.execute(f"copy shown to '{file}' (format parquet)")
    found = verdict(folder, product)
    assert found.outcome is Outcome.FAIL
    assert "known exactly" in found.message.split("reached", 1)[1]


def test_what_is_withheld_of_who_was_reached_no_base_tells(tmp_path: Path, product: Product) -> None:
    """All but three of a group answered, which is withheld; where all of those answer a question, its base
    is their number, and where as many as in the whole answer it, it is so in each part.
    """
    folder = candidate(tmp_path / "reached", pupils(1, dict.fromkeys(PLACES, 400)), product)
    group = "geography_code = 'A' and group_value = 'female+S1'"
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"update reached set roll = respondents + 3 where {group}")
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    tables = {table: folder / f"protected/open/{table}.parquet" for table in ("reached", "answers")}
    assert rows(tables["reached"], "distinct symbol", group) == [("c",)]
    assert rows(tables["answers"], "distinct symbol", group) == [("c",)]
    assert verdict(folder, product).outcome is Outcome.PASS
    # Beside the same answers another group is withheld.
    withheld = "geography_code = 'E' and group_by = 'all'"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table held as select * replace (case when {withheld} then null else respondents end"
            f" as respondents) from read_parquet('{tables['reached']}')"
        )
        connection.execute(f"copy held to '{tables['reached']}' (format parquet)")
    found = verdict(folder, product)
    assert found.outcome is Outcome.FAIL
    told = [says for says in found.message.split("; ") if "whom another table withholds" in says]
    assert [says.split(":")[0] for says in told] == ["answers", "quality"]


def test_a_whole_hidden_beside_the_share_of_a_part_is_noticed(tmp_path: Path, product: Product) -> None:
    folder = candidate(tmp_path / "one", pupils(1, FEW), product)
    file = folder / "protected/open/quality.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""create table hid as
            select * replace (if(kind = 'missing' and geography_level <> 'cpp', null, pupils) as pupils,
                if(kind = 'missing' and geography_level <> 'cpp', null, asked) as asked,
                if(kind = 'missing' and geography_level <> 'cpp', 'c', symbol) as symbol)
            from read_parquet('{file}')""")
        connection.execute(f"copy hid to '{file}' (format parquet)")
    found = verdict(folder, product)
    assert found.outcome is Outcome.FAIL
    assert "quality" in found.message and "wholes hidden beside a share of them" in found.message


def test_those_inside_are_told_why_a_cell_is_hidden(made: Path, product: Product) -> None:
    grain = ("indicator_id", "geography_level", "geography_code", "group_by", "group_value")
    mask = made / "masks/open/answers.parquet"
    for kind, says in (("secondary", "beside it"), ("base", "fewer than 30")):
        one = rows(mask, ", ".join(grain), f"reason = '{kind}' order by all limit 1")
        named = dict(zip(grain, one[0], strict=True))
        (shown,) = shown_to(made, product, product.table("answers"), named)
        assert shown.symbol == "c"
        assert says in shown.reasons[0]


def test_hiding_only_what_is_small_itself_does_not_pass_the_attack(
    tmp_path: Path, made: Path, product: Product
) -> None:
    """The very release that row-wise hiding would make."""
    folder = candidate(tmp_path / "plain", pupils(1, FEW), product)
    file, mask = folder / "protected/open/answers.parquet", folder / "masks/open/answers.parquet"
    unhide(file, mask, folder)
    found = verdict(folder, product)
    assert found.outcome is Outcome.FAIL
    assert "known exactly" in found.message


def unhide(file: Path, mask: Path, folder: Path, only: str = "class = 'secondary'") -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as w (read_only)")
        keys = "indicator_id, geography_level, geography_code, group_by, group_value"
        connection.execute(f"""create table shown as
            select held.* replace (
                case when mask.class is null then held.base else truth.base end as base,
                case when mask.class is null then held.numerator else truth.numerator end as numerator,
                case when mask.class is null then held.symbol end as symbol)
            from read_parquet('{file}') as held
            join w.answers as truth using ({keys})
            left join (select * from read_parquet('{mask}') where {only}) as mask using ({keys})""")
        connection.execute(f"copy shown to '{file}' (format parquet)")


def test_a_single_secondary_cell_shown_again_is_noticed(tmp_path: Path, product: Product) -> None:
    folder = candidate(tmp_path / "one", pupils(1, FEW), product)
    file, mask = folder / "protected/open/answers.parquet", folder / "masks/open/answers.parquet"
    one = rows(mask, "indicator_id, geography_code, group_value", "class = 'secondary' order by all limit 1")[
        0
    ]
    unhide(file, mask, folder, "class = 'secondary' and (indicator_id, geography_code, group_value) = "
           + str(one))  # fmt: skip
    assert verdict(folder, product).outcome is Outcome.FAIL


def test_the_order_of_rows_changes_nothing(tmp_path: Path, made: Path, product: Product) -> None:
    turned = candidate(tmp_path / "turned", pupils(1, FEW), product, turned=True)
    for table in ("answers", "reached"):
        name = f"protected/open/{table}.parquet"
        assert (made / name).read_bytes() == (turned / name).read_bytes()


@pytest.mark.parametrize("seed", [2, 3])
def test_other_programmes_hold_as_well(tmp_path: Path, product: Product, seed: int) -> None:
    sizes = {"A": 60 + 40 * seed, "B": 150, "C": 40, "D": 500, "E": 35}
    folder = candidate(tmp_path / "other", pupils(seed, sizes), product)
    assert {item.outcome for item in audit(folder, product)} == {Outcome.PASS}


def zero_somewhere(question: int) -> list[Row]:
    """Nobody in place A says yes to the question."""
    people = pupils(5, FEW, (0.5, 0.5, 0.5))
    return [
        (place, sex, stage, *(0 if place == "A" and number == question else answer
                              for number, answer in enumerate(given)))
        for place, sex, stage, *given in people
    ]  # fmt: skip


def test_nobody_is_hidden_where_the_question_is_sensitive_and_shown_where_not(
    tmp_path: Path, product: Product
) -> None:
    where = "geography_code = 'A' and group_by = 'all'"
    for question, symbol in ((1, "c"), (0, None)):
        folder = candidate(tmp_path / str(question), zero_somewhere(question), product)
        file = folder / "protected/open/answers.parquet"
        assert rows(file, "symbol", f"{where} and indicator_id = 'i{question}'") == [(symbol,)]
        assert verdict(folder, product).outcome is Outcome.PASS


def test_a_figure_of_a_place_above_goes_with_that_place(tmp_path: Path, product: Product) -> None:
    people = [(place, sex, stage, None, None, int(number < 3))
              for number, (place, sex, stage, *_) in enumerate(pupils(6, FEW))]  # fmt: skip
    folder = candidate(tmp_path / "above", people, product)
    file = folder / "protected/open/answers.parquet"
    assert rows(file, "symbol", "geography_level = 'programme' and group_by = 'all'") == [("c",)]
    assert set(rows(file, "comparator", "geography_level = 'cpp' and group_by = 'all'")) == {(None,)}


STATED = "{value: VALUE, reason: as in the real product, owner: tests}"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (f"  interval_width: {STATED.replace('VALUE', '4')}\n", "", "interval_width"),
        (", owner: tests", "", "owner"),
        (STATED.replace("VALUE", "30"), "30", "minimum_base"),
        ("disclosure:", "undisclosed:", "disclosure"),
    ],
)
def test_a_policy_that_does_not_say_enough_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    for file in CONTRACTS.iterdir():
        content = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(
            content.replace(old, new) if file.name == "product.yaml" else content
        )
    with pytest.raises(ContractError, match=says):
        read_product(tmp_path)


@pytest.fixture(params=["tranche", "null"], ids=["of a tranche without a row", "of no tranche"])
def outside(request: pytest.FixtureRequest, tmp_path: Path, product: Product) -> Path:
    """A candidate in which the only tranche with a row is not that of A, where few skip, nor of B."""
    folder = candidate(tmp_path / "outside", pupils(1, FEW), product)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for table in ("answers", "reached", "quality"):
            connection.execute(f"delete from {table} where geography_code = '1'")
            connection.execute(f"update {table} set tranche = {request.param} where tranche = '1'")
        connection.execute(
            "update quality set pupils = pupils + 50"
            " where geography_code in ('D', '2', 'rcs') and kind in ('refused', 'missing')"
        )
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    return folder


def test_a_place_of_no_whole_in_sight_is_a_part_of_the_next_one(outside: Path, product: Product) -> None:
    """The programme less its other tranche is A and B, so what hides A is B, and no place of that tranche."""
    hidden = {place for (place,) in rows(
        outside / "protected/open/quality.parquet", "geography_code", "symbol = 'c'")}  # fmt: skip
    assert hidden == {"A", "B"}
    assert verdict(outside, product).outcome is Outcome.PASS


def test_a_whole_less_the_wholes_beside_a_place_is_attacked(outside: Path, product: Product) -> None:
    file = outside / "protected/open/quality.parquet"
    with duckdb.connect(str(outside / "warehouse.duckdb")) as connection:
        connection.execute(f"""create temp table shown as
            select held.* replace (truth.asked as asked, truth.pupils as pupils, null as symbol)
            from read_parquet('{file}') as held
            join quality as truth using (geography_level, geography_code, kind)
            where geography_code <> 'A' union all select * from read_parquet('{file}')
            where geography_code = 'A'""")
        connection.execute(f"copy shown to '{file}' (format parquet)")
    found = verdict(outside, product)
    assert found.outcome is Outcome.FAIL
    assert "known exactly" in found.message.split("quality", 1)[1]
