"""The whole programme's tables, all audiences: chosen, written, attacked, and how much is hidden in them.

Belongs here: protecting the demonstration's candidate once more and auditing that, by the clock; shares of
rows and of pupils' answers behind them.
Does not belong here: made-up tables of other sizes (see `disclosure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Timed

PRODUCT = "rcs"
# Of the cells of a table, at most so much hidden.
OPEN, SECONDARY, PRIMARY = 0.06, 0.31, 0.61


@dataclass(frozen=True)
class Share:
    """How many rows there are of a kind, how many without a figure; and of the answers behind them."""

    kind: str
    bound: float
    rows: int
    hidden: int
    answers: int
    hidden_answers: int

    @property
    def used(self) -> float:
        """The share of the rows, as a part of what may be hidden."""
        return self.hidden / self.rows / self.bound

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.hidden / self.rows:.1%} of {self.rows:,} rows and"
            f" {self.hidden_answers / self.answers:.2%} of the answers (bound {self.bound:.0%})"
        )


@dataclass(frozen=True)
class Programme:
    """Seconds to choose and write, and to attack; and the shares."""

    choosing: float
    attacking: float
    verdicts: int
    shares: tuple[Share, ...]

    def __str__(self) -> str:
        return (
            f"the programme's tables, all audiences: {self.choosing:.1f} s to choose and write,"
            f" {self.attacking:.1f} s to attack ({self.verdicts} verdicts)"
        )


def measure(home: Path, folder: Path) -> Programme:
    """Protect and audit the newest candidate of a home into an empty folder.

    Raises:
        RuntimeError: a verdict fails; then nothing was measured.
    """
    from benchmarks.estimates import workspace
    from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER
    from rcs_pipeline.disclosure.audit import audit
    from rcs_pipeline.disclosure.protect import protect
    from rcs_pipeline.gate.evidence import kept_product
    from rcs_pipeline.ledger.records import Outcome

    space = workspace(home, DEFAULT_FOLDER)
    candidate = home / space.ledger.candidates(PRODUCT)[-1].path
    product, database = kept_product(candidate), folder / "warehouse.duckdb"
    folder.mkdir(parents=True)
    database.symlink_to(candidate / "warehouse.duckdb")
    with Timed() as choosing:
        protect(database, folder / "protected", product)
    with Timed() as attacking:
        verdicts = audit(folder, product)
    failed = [item.check for item in verdicts if item.outcome is not Outcome.PASS]
    if failed:
        raise RuntimeError(f"what was protected does not pass: {', '.join(failed)}")
    return Programme(choosing.seconds, attacking.seconds, len(verdicts), _shares(folder))


def _shares(folder: Path) -> tuple[Share, ...]:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as warehouse (read_only)")

        def share(kind: str, bound: float, file: str, keys: str, where: str) -> Share:
            table = Path(file).stem
            row = connection.execute(
                f"""select count(*), count_if(held.symbol is not null), sum(truth.base),
                    coalesce(sum(truth.base) filter (where held.symbol is not null), 0)
                from '{folder / "protected" / file}' as held
                join warehouse.main.{table} as truth using ({keys})
                where {where}"""
            ).fetchone()
            return Share(kind, bound, *(int(item) for item in row or ()))

        estimates = "indicator_id, instrument, wave, geography_level, geography_code, group_by, group_value"
        bands = "indicator_id, instrument, wave, school_code, group_by, group_value"
        file = "school/school_figures.parquet"
        return (
            share("open estimates", OPEN, "open/indicator_estimates.parquet", estimates, "true"),
            share("secondary schools", SECONDARY, file, bands, "held.instrument = 'secondary'"),
            share("primary schools", PRIMARY, file, bands, "held.instrument = 'primary'"),
        )
