"""What a reader works out from the written amounts is of three providers or of nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.money import MoneyLines
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit_money import attack_money, check_of, money_tables
from rcs_pipeline.disclosure.engine import SQL_TYPES
from rcs_pipeline.ledger.records import Outcome

RCS = Path(__file__).parents[2] / "data_contracts" / "products" / "rcs"
# Who earns what: (line, provider) -> amount. Of the third line one provider has nearly all.
EVEN = {("universal", who): 100 for who in "pqr"} | {("additional", who): 200 for who in "stu"}
LONELY = EVEN | {("intensive", "p"): 9_800, ("intensive", "q"): 100, ("intensive", "r"): 100}
PAIRED = LONELY | {("statutory", who): 9_000 for who in "stu"}


@dataclass
class Candidate:
    """A candidate of one partnership's map, cut by level of support."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    product: Product

    def earned(self, amounts: dict[tuple[str | None, str], int], measure: str = "gross") -> None:
        rows = [("c", "level_of_support", line, measure, "all", who, amount)
                for (line, who), amount in amounts.items()]  # fmt: skip
        self.connection.executemany("insert into planning.map_amounts values (?, ?, ?, ?, ?, ?, ?)", rows)
        if measure == "gross":
            for (line, who), amount in amounts.items():
                self.mapped({(line, "none"): {who: amount}})

    def write(self, table: str, rows: list[dict[str, object]]) -> None:
        """The protected file of a table: the given columns, the others empty."""
        columns = self.product.table(table).columns_for("open")
        names = ", ".join(column.name for column in columns)
        typed = ", ".join(f"cast({column.name} as {SQL_TYPES[column.type]}) as {column.name}"
                          for column in columns)  # fmt: skip
        given = [
            ", ".join(
                "null" if row.get(column.name) is None else repr(row[column.name]) for column in columns
            )
            for row in rows or [{}]
        ]
        target = self.folder / "protected" / "open" / f"{table}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        self.connection.execute(
            f"copy (select {typed} from (values ({'), ('.join(given)})) as given({names}) where {bool(rows)})"
            f" to '{target}' (format parquet)"
        )

    def summary(self, *shown: str, column: str = "gross_actual", withheld: tuple[str, ...] = ()) -> None:
        line = {"collection": "c", "breakdown_by": "level_of_support"}
        rows = [line | {"breakdown_value": value, column: 1.0} for value in shown]
        rows += [line | {"breakdown_value": value, "symbol": "c"} for value in withheld]
        self.write("service_map_summary", rows)

    def mapped(self, spend: Mapping[tuple[str | None, str], dict[str, int]], lead: str = "nhs") -> None:
        """Services that one partner leads: (level of support, evidence rating) -> provider -> spend."""
        rows = [
            ("c", who, level, rating, level in ("universal", "additional"),
             rating in ("promising", "effective"), amount, lead)
            for (level, rating), earned in spend.items() for who, amount in earned.items()
        ]  # fmt: skip
        self.connection.executemany(
            "insert into planning.service_map_shares values (?, ?, ?, ?, ?, ?, ?, 1, ?)", rows
        )

    def outcome(self) -> Outcome:
        return attack_money(self.connection, self.folder, self.product, "open")[0]


@pytest.fixture
def candidate(tmp_path: Path) -> Iterator[Candidate]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("use warehouse")
        connection.execute("create schema planning")
        for parts in ("map_amounts", "need_amounts"):
            connection.execute(
                f"create table planning.{parts} (collection varchar, breakdown_by varchar,"
                " breakdown_value varchar, measure varchar, margin varchar, provider varchar, amount hugeint)"
            )
        connection.execute(
            "create table planning.service_map_shares (collection varchar, provider varchar,"
            " level_of_support varchar, evidence_rating varchar, is_prevention boolean, is_evidenced boolean,"
            " gross_pence bigint, weight bigint, lead_partner varchar)"
        )
        made = Candidate(connection, tmp_path, read_product(RCS))
        for table in money_tables(made.product, "open"):
            made.write(table.name, [])
        yield made


def test_lines_of_enough_providers_pass_and_are_counted(candidate: Candidate) -> None:
    candidate.earned(EVEN)
    candidate.summary("universal", "additional")
    outcome, says = attack_money(candidate.connection, candidate.folder, candidate.product, "open")
    assert (outcome, says) == (Outcome.PASS, "2 amounts can be worked out, each of 3 providers or more")


def test_a_line_that_one_provider_dominates_may_not_be_in_sight(candidate: Candidate) -> None:
    candidate.earned(LONELY)
    candidate.summary("universal", "additional", "intensive")
    assert candidate.outcome() is Outcome.FAIL


def test_a_withheld_line_may_not_be_what_is_left_of_the_total(candidate: Candidate) -> None:
    candidate.earned(LONELY)
    candidate.summary("universal", "additional", withheld=("intensive",))
    assert candidate.outcome() is Outcome.FAIL


def test_two_withheld_lines_that_are_together_of_enough_pass(candidate: Candidate) -> None:
    candidate.earned(PAIRED)
    candidate.summary("universal", "additional", withheld=("intensive", "statutory"))
    assert candidate.outcome() is Outcome.PASS


def test_a_line_without_a_name_is_left_over_as_well(candidate: Candidate) -> None:
    candidate.earned(EVEN | {(None, "v"): 5})
    candidate.summary("universal", "additional")
    assert candidate.outcome() is Outcome.FAIL


def test_of_a_margin_that_is_withheld_whole_nothing_is_worked_out(candidate: Candidate) -> None:
    candidate.earned(LONELY)
    candidate.summary(withheld=("universal", "additional", "intensive"))
    assert candidate.outcome() is Outcome.PASS


@pytest.mark.parametrize(
    ("measure", "column"),
    [("income", "income"), ("without_prevention", "prevention_share"), ("evidence", "evidence_share")],
)
def test_a_part_of_a_line_is_attacked_like_the_line(candidate: Candidate, measure: str, column: str) -> None:
    candidate.earned(EVEN)
    candidate.earned({("universal", "p"): 40, ("additional", "s"): 7}, measure)
    candidate.summary("universal", column=column)
    assert candidate.outcome() is Outcome.FAIL


def test_spend_for_an_age_may_not_be_left_over_beside_the_other(candidate: Candidate) -> None:
    parts = [("c", "youth_work", "primary", who, 10) for who in "pqr"] + [("c", "youth_work", None, "s", 10)]
    candidate.connection.executemany(
        "insert into planning.need_amounts values (?, ?, ?, 'gross', 'all', ?, ?)", parts
    )
    row = {"collection": "c", "need_type": "youth_work", "instrument": "primary", "spend": 30.0}
    candidate.write("need_and_provision", [row])
    assert candidate.outcome() is Outcome.FAIL


def test_all_partnerships_together_say_no_more_than_each_of_them(candidate: Candidate) -> None:
    candidate.earned(EVEN)
    candidate.summary("universal", withheld=("additional",))
    together = {"breakdown_by": "level_of_support", "breakdown_value": "additional", "gross_actual": 9.0}
    candidate.write("service_map_programme", [together | {"breakdown_value": "universal"}])
    before = candidate.outcome()
    candidate.write("service_map_programme", [together])
    assert (before, candidate.outcome()) == (Outcome.PASS, Outcome.FAIL)


# One provider alone has universal services of a promising kind, so the prevention of that rating is withheld,
# and with it that of the services without evidence.
CROSSED = {
    ("universal", "effective"): dict.fromkeys("pqr", 100),
    ("universal", "promising"): {"p": 50},
    ("universal", "none"): dict.fromkeys("stu", 100),
    ("additional", "effective"): dict.fromkeys("pqr", 100),
    ("additional", "none"): dict.fromkeys("stu", 100),
    ("intensive", "effective"): dict.fromkeys("pqr", 50),
    ("intensive", "promising"): dict.fromkeys("qrs", 60),
    ("intensive", "none"): dict.fromkeys("tuv", 60),
}


def crossed_summary(shown: dict[str, tuple[str, ...]]) -> list[dict[str, object]]:
    """The spend of every line, and of some the share of a side: column -> lines."""
    lines = [("all", "all")]
    lines += [("level_of_support", line) for line in ("universal", "additional", "intensive")]
    lines += [("evidence_rating", line) for line in ("effective", "promising", "none")]
    return [
        {"collection": "c", "breakdown_by": cut, "breakdown_value": line, "gross_actual": 1.0}
        | {column: 0.5 for column, of in shown.items() if line in of}
        for cut, line in lines
    ]


LEVELS = ("all", "universal", "additional", "intensive")


@pytest.mark.parametrize(
    ("prevention", "outcome"), [(("all", "effective"), Outcome.FAIL), (("all",), Outcome.PASS)]
)
def test_breakdowns_that_cross_may_not_tell_each_others_withheld_lines(
    candidate: Candidate, prevention: tuple[str, ...], outcome: Outcome
) -> None:
    """Evidence in both preventive levels, less the effective prevention, is what one provider earns."""
    candidate.mapped(CROSSED)
    told = {"evidence_share": LEVELS, "prevention_share": prevention}
    candidate.write("service_map_summary", crossed_summary(told))
    found, says = attack_money(candidate.connection, candidate.folder, candidate.product, "open")
    assert found is outcome
    # The prevention of that rating, what of it is evidenced, and the universal services of it.
    assert ("Of 3 withheld" in says and "3 of c" in says) is (outcome is Outcome.FAIL)
    assert ("none of 3 withheld" in says) is (outcome is Outcome.PASS)


@pytest.mark.parametrize(("others", "outcome"), [("qrs", Outcome.PASS), ("q", Outcome.FAIL)])
def test_an_amount_is_not_nearly_all_of_what_is_in_sight(
    candidate: Candidate, others: str, outcome: Outcome
) -> None:
    """Nothing is known exactly; but of a whole of 105 one provider's 100 are more than nine tenths."""
    spend = {("universal", "effective"): {"p": 100}, ("intensive", "none"): dict.fromkeys(others, 5)}
    candidate.mapped(spend)
    whole = {"collection": "c", "breakdown_by": "all", "breakdown_value": "all", "gross_actual": 1.0}
    candidate.write("service_map_summary", [whole])
    assert candidate.outcome() is outcome


@pytest.mark.parametrize(
    ("level", "share", "outcome"),
    [(1.0, 0.5, Outcome.FAIL), (None, 0.5, Outcome.PASS), (1.0, None, Outcome.PASS)],
)
def test_a_side_is_tied_to_the_lines_that_it_is_made_of(
    candidate: Candidate, level: float | None, share: float | None, outcome: Outcome
) -> None:
    """Universal spend is all the prevention there is: less what one partner leads, it is the other's."""
    candidate.mapped({("universal", "none"): dict.fromkeys("pqr", 100)})
    candidate.mapped(
        {("universal", "none"): {"s": 50}, ("intensive", "none"): dict.fromkeys("tuv", 60)}, "police"
    )
    line = {"collection": "c", "gross_actual": 1.0}
    rows = [line | {"breakdown_by": "lead_partner", "breakdown_value": "nhs", "prevention_share": share}]
    rows += [line | {"breakdown_by": "lead_partner", "breakdown_value": "police"}]
    rows += [
        line | {"breakdown_by": "level_of_support", "breakdown_value": "universal", "gross_actual": level}
    ]
    candidate.write("service_map_summary", rows)
    assert candidate.outcome() is outcome


@pytest.mark.parametrize(
    "shown", [[], [{"collection": "c", "breakdown_by": "all", "breakdown_value": "all", "symbol": "c"}]]
)
def test_of_a_map_that_is_withheld_whole_nothing_is_known(
    candidate: Candidate, shown: list[dict[str, object]]
) -> None:
    candidate.mapped({("universal", "none"): {"p": 100, "q": 50}})
    candidate.write("service_map_summary", shown)
    assert candidate.outcome() is Outcome.PASS


def test_a_map_in_sight_of_which_nothing_is_known_passes_nothing(candidate: Candidate) -> None:
    candidate.earned(EVEN)
    candidate.summary("universal", "additional")
    before = candidate.outcome()
    candidate.connection.execute("delete from planning.service_map_shares")
    assert (before, candidate.outcome()) == (Outcome.PASS, Outcome.FAIL)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ({"cut_by": "ends_in", "shown_by": {"gross": "g", "evidence": "e"}}, "name the column `cut`"),
        ({"cut": "by", "shown_by": {"gross": "g"}}, "the measure `evidence`"),
        ({"cut": "by", "shown_by": {"evidence": "e"}}, "the measure `gross`"),
    ],
)
def test_what_hangs_together_is_told_by_columns(lines: dict[str, object], says: str) -> None:
    together = {
        "services": "planning.service_map_shares", "amount": ["gross_pence"], "measure": "gross",
        "sides": {"evidence": {"flag": "is_evidenced", "of": "evidence_rating"}},
    }  # fmt: skip
    with pytest.raises(ValueError, match=says):
        MoneyLines.model_validate({"parts": "a.b", "line": "line", "together": together, **lines})


def test_the_verdict_is_asked_of_whoever_sees_money(candidate: Candidate) -> None:
    from rcs_pipeline.disclosure.audit import required

    assert check_of("open") in required(candidate.product)


@pytest.mark.parametrize("cut", [{}, {"cut": "breakdown_by", "cut_by": "ends_in"}])
def test_lines_are_cut_in_one_way(cut: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either `cut`"):
        MoneyLines(parts="planning.map_amounts", line="line", shown_by={"gross": "gross_actual"}, **cut)


def test_sums_over_a_table_that_withholds_nothing_are_refused(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(RCS, tmp_path / "rcs")
    file = tmp_path / "rcs" / "service_map_programme.odcs.yaml"
    told = file.read_text(encoding="utf-8").replace("table: service_map_summary", "table: collections")
    file.write_text(told, encoding="utf-8")
    with pytest.raises(ContractError, match="withhold nothing"):
        read_product(tmp_path / "rcs")
