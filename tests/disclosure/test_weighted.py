"""What rounded weighted figures say of hidden counts, and that the choice reckons with it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import sparse

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.contracts.weighted import Alike, Cells, Weighted
from rcs_pipeline.disclosure import audit_ends, audit_linked, ends
from rcs_pipeline.disclosure.attack import Knowledge, interval, judge
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.audit_linked_before import lay_before
from rcs_pipeline.disclosure.counts import Counts, Limits, Reason
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.disclosure.figures import weighed_of
from rcs_pipeline.disclosure.grid import make_grid
from rcs_pipeline.disclosure.linked import protect_counts
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome
from tests.disclosure.releases import given
from tests.disclosure.small_tables import margins, worlds
from tests.disclosure.test_linked_tables import CONTRACTS, PLACES, pupils, tabulated

STEP = 0.01
SEX, STAGE = ("female", "male"), ("S1", "S2", "S3")


def shown_between(share: float) -> tuple[float, float]:
    """Between which shares one lies that is shown as this one is."""
    shown = round(share / STEP) * STEP
    return (0.0 if shown <= STEP else shown - STEP / 2), (1.0 if shown >= 1 - STEP else shown + STEP / 2)


def figures_of(
    values: np.ndarray, weights: np.ndarray, base: np.ndarray
) -> list[tuple[np.ndarray, float, float]]:
    """Of a two by three table every row, column and the whole: weights, and ends of the weighted count."""
    found = []
    for part in (*margins(2, 3), np.ones(6)):
        own, people = part * weights, float(part * weights @ base)
        low, high = shown_between(float(own @ values) / people)
        found.append((own, low * people, high * people))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_attack_finds_what_counting_every_world_finds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values, base = draw.integers(0, 9, 6), np.full(6, 40)
    weights = draw.uniform(0.5, 4, 6)
    hidden = [[0, 1, 3, 4], [0, 1, 2, 3, 4, 5], [1, 2, 4, 5]][seed % 3]
    sums, figures = margins(2, 3), figures_of(values, weights, base)
    fits = [
        world for world in worlds(sums, values, hidden)
        if all(low - 1e-9 <= own @ _filled(values, hidden, world) <= high + 1e-9
               for own, low, high in figures)
    ]  # fmt: skip
    least, most = np.min(fits, axis=0), np.max(fits, axis=0)
    known = Knowledge(
        sparse.csr_array(sums[:, hidden]), sums[:, hidden] @ values[hidden], np.zeros(len(hidden)),
        np.full(len(hidden), 40.0),
        sparse.csr_array(np.vstack([sign * own[hidden] for own, _, _ in figures for sign in (1, -1)])),
        np.array([end for own, low, high in figures for end in (
            high - own @ _filled(values, hidden, 0), own @ _filled(values, hidden, 0) - low)]),
    )  # fmt: skip
    ends = [interval(known, number) for number in range(len(hidden))]
    assert ends == list(zip(least.tolist(), most.tolist(), strict=True))
    for need in (1, 2, 4):
        assert (
            judge(known, np.full(len(hidden), float(need))).narrow.tolist() == (most - least < need).tolist()
        )


def _filled(values: np.ndarray, hidden: list[int], world: np.ndarray | int) -> np.ndarray:
    whole = values.astype(float)
    whole[hidden] = world
    return whole


SEEDS = range(8)
GROUPS = [("all", "all"), *(("sex", sex) for sex in SEX), *(("stage", stage) for stage in STAGE),
          *(("sex+stage", f"{sex}+{stage}") for sex in SEX for stage in STAGE)]  # fmt: skip
# Of which cells each group of the one place is made.
MADE_OF = np.vstack([np.ones(6), *margins(2, 3), np.eye(6)])
WEIGHTED = Weighted(
    figure="estimate", total="people", cells=Cells(level="cpp", group_by="sex+stage"),
    alike=Alike(table="ways", column="method", values=("roll",)), hidden_at_most=1.0,
)  # fmt: skip


def chosen(
    values: np.ndarray, weights: np.ndarray, base: np.ndarray, *, with_figures: bool
) -> tuple[np.ndarray, int]:
    """Which groups of one place are hidden, and how many numbers stay narrow."""
    grid = make_grid(["cpp"], np.array([-1]), GROUPS)
    people = MADE_OF @ (weights * base)
    shares = MADE_OF @ (weights * values) / people
    counts = Counts(
        grid=grid, exists=np.ones((1, 12), dtype=bool), base=(MADE_OF @ base).astype(int)[None],
        numerator=(MADE_OF @ values).astype(int)[None], cost=np.where(MADE_OF.sum(axis=1) > 1, 3.0, 1.0),
    )  # fmt: skip
    if with_figures:
        cells = {
            "__figure": shares, "__total": people, "__base": MADE_OF @ base,
            "__numerator": MADE_OF @ values, "__alike": np.ones(12, dtype=bool),
            "__figure_shown": np.round(shares / STEP) * STEP, "__figure_step": np.full(12, STEP),
            "__total_shown": np.round(people / 5) * 5, "__total_step": np.full(12, 5.0),
        }  # fmt: skip
        weighed = weighed_of(lambda column, _: column[None], cells, grid, WEIGHTED)
        counts = Counts(**{**vars(counts), "weighed": weighed})
    limits = Limits(
        minimum_base=np.full(12, 30), small_numerator=4, width=4, minimum_difference=10,
        zeros_hidden=np.zeros(1, dtype=bool), seed=1,
    )  # fmt: skip
    found = protect_counts(counts, limits)
    return found.reasons[0] != Reason.SHOWN, found.narrow


def narrow_numbers(
    values: np.ndarray, weights: np.ndarray, base: np.ndarray, hidden: np.ndarray,
    everybody: np.ndarray | None = None,
) -> int:  # fmt: skip
    """Hidden numbers with fewer than five values, over every world that fits all sums and shares in sight.

    `everybody`: between which ends everybody's weighted count is known to lie otherwise.
    """
    cells = np.flatnonzero(hidden[6:])
    if not cells.size:
        return 0
    shown = np.flatnonzero(~hidden[:6])
    found = worlds(MADE_OF[shown], values, cells.tolist())
    whole = np.tile(values.astype(float), (len(found), 1))
    whole[:, cells] = found
    fits = (whole <= base).all(axis=1)
    for group in shown:
        own = MADE_OF[group] * weights
        low, high = (end * (own @ base) for end in shown_between(float(own @ values) / (own @ base)))
        fits &= (whole @ own >= low - 1e-9) & (whole @ own <= high + 1e-9)
    if everybody is not None:
        fits &= (whole @ weights >= everybody[0] - 1e-9) & (whole @ weights <= everybody[1] + 1e-9)
    numbers = (whole[fits] @ MADE_OF.T)[:, hidden]
    truth = MADE_OF[hidden] @ values
    asked = (truth > 0) & (truth < MADE_OF[hidden] @ base)
    return int((asked & (numbers.max(axis=0) - numbers.min(axis=0) < 4)).sum())


def test_after_the_choice_counting_every_world_finds_no_narrow_number() -> None:
    narrow_before = counted = 0
    for seed in SEEDS:
        draw = np.random.default_rng(seed)
        base, weights = np.full(6, 40), draw.uniform(1, 1.3, 6)
        values = np.array([3, *draw.integers(5, 12, 5)])
        sums_alone, _ = chosen(values, weights, base, with_figures=False)
        narrow_before += narrow_numbers(values, weights, base, sums_alone) > 0
        hidden, narrow = chosen(values, weights, base, with_figures=True)
        assert (sums_alone <= hidden).all()
        assert narrow == 0
        if not hidden[0] and (~hidden[:6]).sum() >= 2:  # else there are too many worlds to count
            counted += 1
            assert narrow_numbers(values, weights, base, hidden) == 0, seed
    assert narrow_before >= 7
    assert counted >= 3


QUINTILES = range(5)


def second_rounding(
    seed: int, *, choice_knows: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A place whose quintiles are shown to a tenth of the step of all others, and what is hidden there.

    Returns the values, weights and bases, which groups are hidden, and the ends of everybody's weighted count
    for what the quintiles in sight say.
    """
    draw = np.random.default_rng(seed)
    base, weights = np.full(6, 40), draw.uniform(1, 1.3, 6)
    each = draw.integers(0, 5, (6, 5)) + 1
    each[0] = [1, 1, 1, 0, 0]
    values = each.sum(axis=1)
    made_of = np.vstack([np.kron(MADE_OF, np.ones(5)), np.kron(np.ones(6), np.eye(5))])
    pupils = np.repeat(base / 5, 5)
    weighted = np.repeat(weights, 5)
    people, counted = made_of @ (weighted * pupils), made_of @ (weighted * each.reshape(-1))
    steps = np.where(np.arange(17) < 12, STEP, STEP / 10)
    shares = counted / people
    numerators = (made_of @ each.reshape(-1)).astype(int)
    cells = {
        "__figure": shares, "__total": people, "__base": made_of @ pupils, "__numerator": numerators,
        "__alike": np.ones(17, dtype=bool), "__figure_shown": np.round(shares / steps) * steps,
        "__figure_step": steps, "__total_shown": np.round(people / 5) * 5, "__total_step": np.full(17, 5.0),
    }  # fmt: skip
    grid = make_grid(["cpp"], np.array([-1]), [*GROUPS, *(("simd", str(one)) for one in QUINTILES)])
    weighed = weighed_of(lambda column, _: column[None], cells, grid, WEIGHTED)
    if not choice_knows:
        weighed = replace(weighed, told=replace(weighed.told, low=0 * weighed.told.low,
                                                high=weighed.told.people))  # fmt: skip
    counts = Counts(
        grid=grid, exists=np.ones((1, 17), dtype=bool), base=cells["__base"].astype(int)[None],
        numerator=numerators[None], cost=np.where(made_of.sum(axis=1) > 5, 3.0, 1.0), weighed=weighed,
    )  # fmt: skip
    limits = Limits(
        minimum_base=np.full(17, 30), small_numerator=4, width=4, minimum_difference=10,
        zeros_hidden=np.zeros(1, dtype=bool), seed=1,
    )  # fmt: skip
    hidden = protect_counts(counts, limits).reasons[0] != Reason.SHOWN
    shown = np.round(shares[12:] / steps[12:]) * steps[12:]
    ends = np.stack([shown - STEP / 20, shown + STEP / 20]) * people[12:]
    ends = np.where(hidden[12:], np.stack([np.zeros(5), people[12:]]), ends).sum(axis=1)
    return values, weights, base, hidden, ends


def test_what_quintiles_together_say_of_everybody_is_reckoned_with() -> None:
    narrow = {True: 0, False: 0}
    counted = 0
    for seed in range(20):
        for choice_knows in narrow:
            values, weights, base, hidden, ends = second_rounding(seed, choice_knows=choice_knows)
            if hidden[0] or (~hidden[:6]).sum() < 2:  # there are too many worlds to count
                continue
            counted += choice_knows
            narrow[choice_knows] += narrow_numbers(values, weights, base, hidden[:12], ends) > 0
    assert narrow[False] >= 2
    assert narrow[True] == 0
    assert counted >= 3


SIZES = {"A": 700, "B": 900, "C": 600}
ROUNDING = "rounding:\n" + "".join(
    f"  {name}: {{value: {value}, reason: as in the real product, owner: tests}}\n"
    for name, value in (
        ("steps", "[{estimate: 0.001, error: 0.001}, {estimate: 0.01, error: 0.001}]"), ("step_pupils", 1),
        ("ratio_step", 0.1), ("coefficient_step", 0.01), ("people_step", 5), ("p_values", "[0.05, 1]"),
    )
)  # fmt: skip
ESTIMATE = "rounded: {to: estimate, base: base}"
SAYS = """
            weighted:
              figure: estimate
              total: weighted_base
              others: comparator
              cells: {level: cpp, group_by: sex+stage}
              alike: {table: reached, column: method, values: [roll]}
              hidden_at_most: 1"""
MORE = """
      - name: {name}
        logicalType: {kind}
        description: For tests.
        customProperties: [{{property: rcs, value: {{audiences: [open]{more}}}}}]"""


def contracts(folder: Path, *changes: tuple[str, str], says: str = SAYS) -> Product:
    """The linked tables of the tests, with weights and rounding."""
    folder.mkdir()
    text = {file.name: file.read_text(encoding="utf-8") for file in CONTRACTS.iterdir()}
    text["product.yaml"] += ROUNDING
    answers = text["answers.odcs.yaml"].replace("compared: [comparator]", f"compared: [comparator]{says}")
    for column in ("estimate", "comparator"):
        head, tail = answers.split(f"- name: {column}\n")
        answers = f"{head}- name: {column}\n" + tail.replace("[open]}", f"[open], {ESTIMATE}}}", 1)
    answers = answers.replace("[estimate, base,", "[estimate, base, weighted_base,")
    answers += (
        MORE.format(name="weighted_base", kind="number", more=", rounded: {to: people}").lstrip("\n") + "\n"
    )
    text["answers.odcs.yaml"] = answers
    text["reached.odcs.yaml"] += MORE.format(name="method", kind="string", more="").lstrip("\n") + "\n"
    for old, new in changes:
        assert any(old in content for content in text.values())
        text = {name: content.replace(old, new) for name, content in text.items()}
    for name, content in text.items():
        (folder / name).write_text(content, encoding="utf-8")
    return read_product(folder)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return contracts(tmp_path_factory.mktemp("contracts") / "weighted")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """The same, with nothing said of weights."""
    return contracts(tmp_path_factory.mktemp("contracts") / "plain", says="")


def warehouse(folder: Path, seed: int, method: str = "roll") -> Path:
    """A warehouse in which cells of place, sex and stage have weights far apart."""
    folder.mkdir()
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    cells, reached = tabulated(pupils(seed, SIZES))
    weight = {
        (place, f"{sex}+{stage}"): draw.uniform(1, 1.5) for place in PLACES for sex in SEX for stage in STAGE
    }
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create table cells (indicator_id varchar, geography_level varchar,"
            " geography_code varchar, tranche varchar, group_by varchar, group_value varchar, base integer,"
            " numerator integer)")  # fmt: skip
        connection.executemany("insert into cells values ($1, $2, $3, $4, $5, $6, $7, $8)", cells)
        connection.execute("create table weights (place varchar, value varchar, weight double)")
        connection.executemany(
            "insert into weights values ($1, $2, $3)", [(*key, item) for key, item in weight.items()]
        )
        connection.execute("""
            create table answers as
            with parts as (
                select indicator_id, place, tranche, value, weight * base as w, weight * numerator as wy
                from cells inner join weights on geography_code = place and group_value = value
                where geography_level = 'cpp' and group_by = 'sex+stage'
            ),
            summed as (
                select cells.*, sum(w) as w, sum(wy) as wy
                from cells inner join parts
                    on cells.indicator_id = parts.indicator_id
                    and (geography_level = 'programme' or geography_code in (parts.place, parts.tranche))
                    and (group_by = 'all' or list_has_all(split(value, '+'), split(group_value, '+')))
                group by all
            ),
            everybody as (
                select *, sum(w) over every as every_w, sum(wy) over every as every_wy from summed
                window every as (partition by indicator_id, geography_level, group_by, group_value)
            )
            select indicator_id, geography_level, geography_code, tranche, group_by, group_value, base,
                numerator,
                wy / w as estimate, w as weighted_base, null::varchar as symbol,
                case when geography_level = 'cpp' then (every_wy - wy) / (every_w - w) end as comparator
            from everybody
        """)
        connection.execute("create table reached (geography_level varchar, geography_code varchar,"
            " tranche varchar, group_by varchar, group_value varchar, respondents integer, roll integer,"
            " symbol varchar, method varchar)")  # fmt: skip
        connection.executemany(
            f"insert into reached values ($1, $2, $3, $4, $5, $6, $6 + 40, null, '{method}')", reached
        )
        connection.execute("create table lines as select 'i' || i as indicator_id, i = 1 as sensitive"
                           " from range(3) as t(i)")  # fmt: skip
        connection.execute(
            "create table quality (geography_level varchar, geography_code varchar, kind varchar,"
            " tranche varchar, asked integer, share_of integer, pupils integer, symbol varchar)"
        )
    return folder


def attacked(folder: Path, product: Product) -> tuple[Outcome, str]:
    found = next(item for item in audit(folder, product) if item.check == "disclosure.open.linked")
    return found.outcome, found.message


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return warehouse(tmp_path_factory.mktemp("made") / "one", 4)


def test_what_sums_alone_keep_wide_the_rounded_figures_narrow_and_the_choice_reckons_with_them(
    made: Path, product: Product, plain: Product
) -> None:
    protect(made / "warehouse.duckdb", made / "protected", plain)
    assert attacked(made, plain)[0] is Outcome.PASS
    outcome, says = attacked(made, product)
    assert outcome is Outcome.FAIL
    assert "59 rounded weighted figures" in says
    assert "28 narrower" in says
    protect(made / "warehouse.duckdb", made / "protected", product)
    outcome, says = attacked(made, product)
    assert outcome is Outcome.PASS, says
    assert "rounded weighted figures" in says


def test_the_attack_finds_what_groups_of_another_kind_say_together(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is counted lives in one quintile, whose share pins everybody's weighted count to a pupil."""
    folder = warehouse(tmp_path / "quintiles", 4)
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    file = folder / "protected/open/answers.parquet"
    rows = f"""
        select everybody.* replace ('simd_quintile' as group_by, quintile as group_value,
                if(quintile = '1', numerator + 5, base - numerator - 5) as base,
                if(quintile = '1', numerator, 0) as numerator,
                if(quintile = '1', 0.9, 0) as estimate,
                weighted_base * if(quintile = '1', estimate / 0.9, 1 - estimate / 0.9) as weighted_base,
                null as comparator)
        from answers as everybody cross join unnest(['1', '2']) as of_all (quintile)
        where geography_level = 'cpp' and group_by = 'all' and (indicator_id, geography_code) in (
            select (indicator_id, geography_code) from read_parquet('{file}')
            where group_by = 'all' and estimate is not null)
    """
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"insert into answers {rows}")
        connection.execute(f"""
            copy (
                from read_parquet('{file}') union all by name
                select * replace (
                    round(estimate, 2) as estimate, round(weighted_base / 5) * 5 as weighted_base)
                from answers where group_by = 'simd_quintile'
            ) to '{file}.new' (format parquet)
        """)
    Path(f"{file}.new").replace(file)
    figures = []

    def look(connection: duckdb.DuckDBPyConnection, *given: object) -> None:
        figures.extend(
            connection.execute("""
                select ways, any_value(people * (high - low)),
                    bool_and(low - 1e-9 <= share and share <= high + 1e-9)
                from attacked_figures as told
                inner join attacked on attacked.cell = cast(split_part(figure, '|', 1) as bigint)
                where share is not null and level = 'cpp' and figure like '%|share' group by figure, ways
            """).fetchall()
        )
        lay_before(connection, *given)

    monkeypatch.setattr(audit_linked, "lay_before", look)
    attacked(folder, product)
    assert all(true for _, _, true in figures)
    everybody = [width for ways, width, _ in figures if ways == "all"]
    assert everybody
    # A choice that left out more than the attack would let pass what the attack finds.
    assert ends.WIDER < audit_ends.WIDER
    # A hundredth of the quintile's weighted base, and a hundredth of a pupil at either end; alone it is nine.
    assert max(everybody) < 0.6


def test_a_figure_of_the_other_places_can_be_withheld_without_its_row(made: Path, product: Product) -> None:
    protect(made / "warehouse.duckdb", made / "protected", product)
    file = made / "protected/open/answers.parquet"
    with duckdb.connect() as connection:
        alone = connection.execute(
            f"select count(*) from read_parquet('{file}') where estimate is not null and comparator is null"
            " and geography_level = 'cpp'"
        ).fetchone()
    assert alone is not None
    assert alone[0] > 0


def test_a_figure_that_an_earlier_release_withheld_alone_stays_withheld(made: Path, product: Product) -> None:
    protect(made / "warehouse.duckdb", made / "protected", product)
    file, before = made / "protected/open/answers.parquet", given(made, "1.0.0")
    first = file.read_bytes()
    protect(made / "warehouse.duckdb", made / "protected", product, earlier=[before])
    assert file.read_bytes() == first
    assert beside(made, product, before) == (Outcome.PASS, "")
    with duckdb.connect() as connection:
        connection.execute(
            f"""copy (
                select * replace (
                    case when estimate is not null then coalesce(comparator, 0.5) end as comparator)
                from read_parquet('{file}')
            ) to '{file}.new' (format parquet)"""
        )
    Path(f"{file}.new").replace(file)
    outcome, says = beside(made, product, before)
    assert outcome is Outcome.FAIL
    assert "rows show what release 1.0.0 hid" in says


def test_a_figure_of_other_places_shows_once_there_are_others(tmp_path: Path, product: Product) -> None:
    """The first release has one partnership: that it is compared with nobody withholds nothing."""
    made = warehouse(tmp_path / "one", 4)
    protect(made / "warehouse.duckdb", made / "protected", product)
    file = made / "protected/open/answers.parquet"
    counted = f"select count(comparator) from read_parquet('{file}') where geography_code = 'A'"
    with duckdb.connect() as connection:
        alone = connection.execute(counted).fetchone()
        connection.execute(
            f"""copy (
                select * replace (null::double as comparator) from read_parquet('{file}')
                where geography_level <> 'cpp' or geography_code = 'A'
            ) to '{file}.new' (format parquet)"""
        )
    Path(f"{file}.new").replace(file)
    before = given(made, "1.0.0")
    protect(made / "warehouse.duckdb", made / "protected", product, earlier=[before])
    assert beside(made, product, before) == (Outcome.PASS, "")
    with duckdb.connect() as connection:
        assert connection.execute(counted).fetchone() == alone != (0,)


def beside(folder: Path, product: Product, before: Given) -> tuple[Outcome, str]:
    """What the audit says of earlier releases, where it does not pass."""
    verdicts = audit(folder, product, earlier=[before])
    found = next(item for item in verdicts if item.check == "disclosure.open.earlier")
    return found.outcome, "" if found.outcome is Outcome.PASS else found.message


def test_where_too_much_is_hidden_figures_are_no_row_and_the_verdict_says_so(
    made: Path, tmp_path: Path, product: Product, plain: Product
) -> None:
    few = contracts(tmp_path / "few", ("hidden_at_most: 1", "hidden_at_most: 0.01"))
    protect(made / "warehouse.duckdb", made / "protected", few)
    file = made / "protected/open/answers.parquet"
    without = file.read_bytes()
    outcome, says = attacked(made, few)
    assert outcome is Outcome.PASS
    assert ", 1 system without rounded weighted figures, since too much is hidden" in says
    protect(made / "warehouse.duckdb", made / "protected", plain)
    assert file.read_bytes() == without


def test_raked_weights_are_no_row(tmp_path: Path, product: Product) -> None:
    folder = warehouse(tmp_path / "raked", 4, method="raked")
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    outcome, says = attacked(folder, product)
    assert outcome is Outcome.PASS
    assert "weighted figures" not in says


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (f"[open], {ESTIMATE}", "[open]", "not rounded as an estimate"),
        ("compared: [comparator]", "compared: [estimate]", "among `compared`"),
        ("rounded: {to: people}", "rounded: {to: ratio}", "weighted base"),
        ("level: cpp, group_by", "level: school, group_by", "no audience sees"),
        ("column: method, values", "column: unknown, values", "how a place was weighted"),
        ("total: weighted_base", "total: nothing", "nothing"),
    ],
)
def test_nonsense_about_weights_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        contracts(tmp_path / "wrong", (old, new))
