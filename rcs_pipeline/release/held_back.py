"""What a candidate holds back beside an earlier release, pupils' figures and money, for those inside.

Belongs here: reading the masks beside the protected tables: which rows keep their figures, which are hidden.
Does not belong here: deciding which (see `disclosure.keeping`). No release says any of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.counts import Reason
from rcs_pipeline.disclosure.engine import mask_columns, name, text
from rcs_pipeline.disclosure.protect import MASKS
from rcs_pipeline.disclosure.writing import MONEY_EARLIER

MOST_KEYS = 200


@dataclass(frozen=True)
class HeldBack:
    """Rows of one table for one kind of audience.

    `kept`: how many have the figures of the release `since`. `hidden`: how many more have none: an earlier
    release and this one together would say too much. `keys`: the grain of the first of both.
    """

    audience: str
    table: str
    kept: int
    since: str | None
    hidden: int
    keys: tuple[dict[str, str], ...]
    complete: bool

    @property
    def says(self) -> str:
        """The counts in words."""
        found = []
        if self.kept:
            found.append(f"{_rows(self.kept)} the figures of {self.since}")
        if self.hidden:
            found.append(f"{_rows(self.hidden)} no figures")
        return " and ".join(found)


def held_back(folder: Path, product: Product) -> tuple[HeldBack, ...]:
    """What the candidate in this folder holds back, by audience and table."""
    import duckdb

    found = []
    with duckdb.connect() as connection:
        for audience in product.file.audiences:
            for table in product.tables:
                mask = folder / MASKS / audience / f"{table.name}.parquet"
                if not mask.is_file() or "kept_from" not in mask_columns(connection, mask):
                    continue
                grain = ", ".join(name(item) for item in table.grain)
                earlier = f"{text(Reason.EARLIER.name.lower())}, {text(MONEY_EARLIER)}"
                rows = (
                    f"(select {grain}, max(kept_from) as kept_from from read_parquet({text(str(mask))})"
                    f" where kept_from is not null or reason in ({earlier}) group by {grain})"
                )
                counts = connection.execute(
                    f"select count(kept_from), max(kept_from), count(*) from {rows}"
                ).fetchone()
                kept, since, every = counts or (0, None, 0)
                if every:
                    keys = connection.execute(
                        f"select {grain} from {rows} order by kept_from is null, {grain} limit {MOST_KEYS}"
                    ).fetchall()
                    named = tuple(
                        {key: str(value) for key, value in zip(table.grain, row, strict=True)} for row in keys
                    )
                    whole = every <= MOST_KEYS
                    found.append(HeldBack(audience, table.name, kept, since, every - kept, named, whole))
    return tuple(found)


def in_short(found: tuple[HeldBack, ...]) -> str:
    """One sentence about all tables; empty where nothing is held back."""
    rows = sum(item.kept + item.hidden for item in found)
    if not rows:
        return ""
    why = (
        "too few pupils differ from what was published, new figures would tell of others,"
        " or the money of a map was given before"
    )
    return f"{_rows(rows)} no new figures, since {why}"


def _rows(count: int) -> str:
    return f"{count:,} row has" if count == 1 else f"{count:,} rows have"
