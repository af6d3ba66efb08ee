"""Which published number is meant: an indicator, a place, a wave and a group, however a person names them.

Belongs here: reading what was typed against what the candidate holds, with the nearest name where none fits.
Does not belong here: pupils (see `pupils`), arithmetic (see `by_hand`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.measures import Indicator
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.tabulation import ESTIMATES, LOCAL, LOCAL_ESTIMATES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = f"main.{ESTIMATES}"
# Those of one indicator, held once: the view makes all of them whenever it is read.
HELD = "local_estimates_of_one"
EVERYBODY = "all"
# Everything that a row of the table is named by, in the order of `Asked.grain`.
GRAIN = ("indicator_id", "wave", "geography_level", "geography_code", "group_by", "group_value")
LADDER = tuple(GeographyLevel)
SHOWN = 12


@dataclass(frozen=True)
class Place:
    """A place of one wave that the candidate has estimates for."""

    wave: str
    level: str
    code: str
    name: str


@dataclass(frozen=True)
class Asked:
    """One number of the candidate, and the table that it stands in."""

    indicator: Indicator
    place: Place
    group_by: str
    group_value: str
    table: str = ESTIMATES

    @property
    def grain(self) -> dict[str, str]:
        """The columns and values that name its row."""
        place = self.place
        values = (self.indicator.id, place.wave, place.level, place.code, self.group_by, self.group_value)
        return dict(zip(GRAIN, values, strict=True))

    @property
    def group(self) -> str:
        """The group as it is typed."""
        return EVERYBODY if self.group_by == EVERYBODY else f"{self.group_by}={self.group_value}"


def find(
    connection: DuckDBPyConnection,
    catalogue: Catalogue,
    product: Product,
    indicator: str,
    place: str,
    group: str,
    wave: str | None = None,
) -> Asked:
    """What was meant.

    Raises:
        RcsError: there is no such indicator, place, wave or group; names the nearest.
    """
    measure = _indicator(catalogue, product, indicator)
    places, table = _places(connection, measure, TABLE), ESTIMATES
    try:
        found = _place(_some(places, measure), catalogue, product, place, wave)
    except RcsError:
        if not _has_local(connection):
            raise
        _hold_local(connection, measure)
        places = [*places, *_places(connection, measure, HELD)]
        found = _place(_some(places, measure), catalogue, product, place, wave)
        table = LOCAL_ESTIMATES if found.level in LOCAL else ESTIMATES
    return Asked(measure, found, *_group(connection, measure, found, group, _relation(table)), table)


def _has_local(connection: DuckDBPyConnection) -> bool:
    """Whether the candidate has the view: one that was built before there was any has a single table."""
    known = f"select 1 from duckdb_views() where schema_name = 'main' and view_name = '{LOCAL_ESTIMATES}'"
    return connection.execute(known).fetchone() is not None


def _hold_local(connection: DuckDBPyConnection, indicator: Indicator) -> None:
    connection.execute(
        f"create or replace temp table {HELD} as"
        f" select * from main.{LOCAL_ESTIMATES} where indicator_id = {sql.text(indicator.id)}"
    )


def _relation(table: str) -> str:
    return HELD if table == LOCAL_ESTIMATES else f"main.{table}"


def published_row(connection: DuckDBPyConnection, asked: Asked) -> dict[str, Any]:
    """The row of the candidate's table, before disclosure control; by the connection that found it."""
    # Literals, not parameters: for those DuckDB loads pandas, which takes longer than all the rest.
    where = " and ".join(f"{column} = {sql.text(value)}" for column, value in asked.grain.items())
    cursor = connection.execute(f"select * from {_relation(asked.table)} where {where}")
    names = [item[0] for item in cursor.description or ()]
    row = cursor.fetchone()
    assert row is not None  # noqa: S101  (it was found among the groups of the place)
    return dict(zip(names, row, strict=True))


def _indicator(catalogue: Catalogue, product: Product, name: str) -> Indicator:
    known = {
        item.id: item for item in catalogue.indicators.values() if item.instrument in product.instruments
    }
    spelt: dict[str, str | None] = {item.title: item.id for item in known.values()}
    listing = 'rcs query "select indicator_id, title from indicators"'
    return known[_one_of({**spelt, **dict.fromkeys(known)}, name, "indicator", listing)]


def _places(connection: DuckDBPyConnection, indicator: Indicator, relation: str) -> list[Place]:
    rows = connection.execute(
        f"select distinct wave, geography_level, geography_code, geography_name from {relation}"
        f" where indicator_id = {sql.text(indicator.id)} order by all"
    ).fetchall()
    return [Place(*(str(item) for item in row)) for row in rows]


def _some(places: list[Place], indicator: Indicator) -> list[Place]:
    if not places:
        raise RcsError(
            f"The candidate holds no estimate of `{indicator.id}`", todo="Build a new one: `rcs build`."
        )
    return places


def _place(places: list[Place], catalogue: Catalogue, product: Product, name: str, wave: str | None) -> Place:
    """The place that a code, a name or a collection's key stands for; of several, the highest and newest."""
    given, wave = _of_collection(catalogue, product, name, wave)
    spelt: dict[str, str] = {}
    for item in reversed(places):
        spelt |= dict.fromkeys(_spellings(item, catalogue, product), item.code)
    keys = {item.key: item.key for item in catalogue.register.collections}
    code = _one_of({**keys, **spelt}, given, "place", "rcs status")
    fitting = [item for item in places if code in (item.code, *_spellings(item, catalogue, product))]
    waves = sorted({item.wave for item in fitting}, key=_order(catalogue))
    if wave is not None and wave not in waves:
        _one_of(dict.fromkeys(waves), wave, f"wave of {name}", "rcs status")
    newest = wave or waves[-1]
    candidates = [item for item in fitting if item.wave == newest]
    top = min(candidates, key=lambda item: LADDER.index(GeographyLevel(item.level)))
    alike = [item for item in candidates if item.level == top.level]
    if len(alike) > 1:
        raise RcsError(
            f"{len(alike)} places are called `{name}`", expected=", ".join(item.code for item in alike),
            todo="Name one of them by its code.",
        )  # fmt: skip
    return top


def _of_collection(
    catalogue: Catalogue, product: Product, name: str, wave: str | None
) -> tuple[str, str | None]:
    """A collection's key is its partnership in its wave; anything else stays as it is."""
    entry = {item.key: item for item in catalogue.register.collections}.get(name)
    if entry is None:
        return name, wave
    if wave not in (None, entry.wave):
        raise RcsError(
            f"The collection `{name}` is of the wave `{entry.wave}`, not `{wave}`",
            todo="Leave `--wave` out, or name the partnership.",
        )
    return entry.cpp or product.id, entry.wave


def _spellings(place: Place, catalogue: Catalogue, product: Product) -> list[str]:
    """What a person may call the place."""
    if place.level == GeographyLevel.PROGRAMME:
        return [place.code, "programme", product.id]
    if place.level == GeographyLevel.TRANCHE:
        return [f"tranche-{place.code}", f"tranche {place.code}", f"t{place.code}", place.code, place.name]
    former = [
        code for item in catalogue.register.cpps if item.code == place.code for code in item.former_codes
    ]
    return [place.code, place.name, *former]


def _group(
    connection: DuckDBPyConnection, indicator: Indicator, place: Place, given: str, relation: str
) -> tuple[str, str]:
    """`sex=female`, `sex+stage=female+S4` or `sex=female,stage=S4`, in any order of the parts."""
    known = {
        f"{by}={value}": (str(by), str(value))
        for by, value in connection.execute(
            f"select group_by, group_value from {relation} where indicator_id = {sql.text(indicator.id)}"
            f" and wave = {sql.text(place.wave)} and geography_level = {sql.text(place.level)}"
            f" and geography_code = {sql.text(place.code)} order by all"
        ).fetchall()
    }
    if given.casefold() in (EVERYBODY, f"{EVERYBODY}={EVERYBODY}"):
        return EVERYBODY, EVERYBODY
    named = _one_of(dict.fromkeys(known), _in_order(given), f"group of {place.name}", "")
    return known[named]


def _in_order(given: str) -> str:
    """The parts of a group in alphabetical order, as groups are published."""
    pairs = [part.partition("=") for part in given.split(",")]
    if len(pairs) == 1 and pairs[0][1]:
        names, values = pairs[0][0].split("+"), pairs[0][2].split("+")
        if len(names) != len(values):
            return given
        parts = sorted(zip(names, values, strict=True))
    elif all(mark for _, mark, _ in pairs):
        parts = sorted((name.strip(), value.strip()) for name, _, value in pairs)
    else:
        return given
    return f"{'+'.join(name for name, _ in parts)}={'+'.join(value for _, value in parts)}"


def _one_of(spelt: dict[str, str | None], given: str, noun: str, listing: str) -> str:
    """What a spelling stands for (itself where nothing is said), upper and lower case alike.

    Raises:
        RcsError: nothing is spelt so; names what comes nearest.
    """
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in reversed(spelt)}
    name = given if given in spelt else folded.get(given.casefold())
    if name is not None:
        return spelt[name] or name
    near = get_close_matches(given.casefold(), folded, n=1)
    shown = ", ".join(f"`{item}`" for item in list(spelt)[:SHOWN]) + (" ..." if len(spelt) > SHOWN else "")
    raise RcsError(
        f"There is no {noun} `{given}`",
        expected=f"`{folded[near[0]]}`?" if near else f"one of {shown or 'none'}",
        todo=f"`{listing}` lists them." if listing else "",
    )


def _order(catalogue: Catalogue) -> Callable[[str], tuple[int, str]]:
    waves = [item.id for item in catalogue.register.waves]
    return lambda wave: (waves.index(wave) if wave in waves else -1, wave)
