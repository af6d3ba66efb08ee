"""From a folder under `products/` to its `Product`.

Belongs here: reading `product.yaml` and the ODCS file of each table, and checks inside the folder.
Does not belong here: checks across files (see `catalogue`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.adding_up import check_adding_up
from rcs_pipeline.contracts.banding import BandedTable, check_sizes
from rcs_pipeline.contracts.delivery_files import TypeOptions
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.made_of import in_order
from rcs_pipeline.contracts.odcs import extension, read_contract
from rcs_pipeline.contracts.product import (
    Product,
    ProductColumn,
    ProductColumnExtension,
    ProductFile,
    ProductTable,
    TableExtension,
)
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.contracts.weighted import check_weighted
from rcs_pipeline.contracts.yaml_files import parse, read_yaml

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaProperty


def read_product(folder: Path) -> Product:
    """The data product whose contracts lie in `folder`.

    Raises:
        ContractError: a file is missing, invalid, or contradicts `product.yaml`.
    """
    path = folder / "product.yaml"
    file = parse(ProductFile, read_yaml(path), str(path))
    tables = tuple(_table(item) for item in sorted(folder.glob("*.odcs.yaml")))
    if not tables:
        raise ContractError(
            "The product has no table", where=str(folder), expected="at least one *.odcs.yaml"
        )
    for table in tables:
        _check(table, file)
        _check_places(table, file)
        check_adding_up(table, file)
        _check_derived(table, tables)
        _check_follows(table, tables)
        _check_added_up(table, tables)
        _check_banded(table, tables, file)
        check_weighted(table, tables, file)
    in_order(tables)  # refuses those that are made of one another
    _check_consumers(file, {table.name: {column.name for column in table.columns} for table in tables}, path)
    return Product(file=file, tables=tables, path=folder)


def _table(path: Path) -> ProductTable:
    odcs = read_contract(path)
    schema = odcs.schema_[0]  # type: ignore[index] # read_contract has counted them
    keyed = [item for item in schema.properties or [] if item.primaryKey]
    return ProductTable(
        id=str(odcs.id),
        name=str(schema.name),
        title=str(odcs.name or schema.name),
        version=str(odcs.version),
        description=" ".join(str(schema.description or "").split()),
        grain=tuple(str(item.name) for item in sorted(keyed, key=lambda item: item.primaryKeyPosition or 0)),
        columns=tuple(_column(item, path) for item in schema.properties or []),
        extension=extension(TableExtension, schema.customProperties, f"{path}, schema {schema.name}"),
        path=path,
    )


def _column(item: SchemaProperty, path: Path) -> ProductColumn:
    where = f"{path}, column {item.name}"
    extra = extension(ProductColumnExtension, item.customProperties, where)
    limits = parse(TypeOptions, item.logicalTypeOptions or {}, where)
    return ProductColumn(
        name=str(item.name),
        type=ColumnType(str(item.logicalType)),
        description=" ".join(str(item.description or "").split()),
        required=bool(item.required),
        unique=bool(item.unique),
        audiences=extra.audiences,
        unit=extra.unit,
        codes=extra.codes,
        minimum=limits.minimum,
        maximum=limits.maximum,
        pattern=limits.pattern,
        symbols=extra.symbols,
        filled_at_release=extra.filled_at_release,
        deprecated=extra.deprecated,
        rounded=extra.rounded,
    )


def _check(table: ProductTable, file: ProductFile) -> None:
    where = str(table.path)
    names = {column.name for column in table.columns}
    if not table.grain:
        raise ContractError(
            "No column is marked `primaryKey`", where=where, expected="the grain of the table"
        )
    rules = table.extension.hide
    used = {
        *table.extension.order_by,
        *(name for rule in rules for name in (*rule.hides, *rule.tests, rule.symbol_column)),
        *(name for rule in rules for cells in rule.made_of for name in cells.same.values()),
        *(name for rule in rules for cells in rule.made_of for name in cells.listed.values()),
        *(table.extension.headline or {}),
        *table.extension.rows_of.values(),
        *(table.extension.interval.model_dump().values() if table.extension.interval else ()),
        *(table.extension.linked.columns() if table.extension.linked else ()),
        *(table.extension.money.columns() if table.extension.money else ()),
        *(table.extension.added_up.columns() if table.extension.added_up else ()),
        *(table.extension.banded.columns() if table.extension.banded else ()),
        *(name for column in table.columns if column.rounded for name in column.rounded.columns()),
    } | ({table.extension.geography_column} - {None})
    unknown = sorted(str(name) for name in used - names)
    if unknown:
        raise ContractError(f"Unknown column(s) named in the extension: {', '.join(unknown)}", where=where)
    linked = table.extension.linked
    if linked and (unstated := file.disclosure.unstated(schools=bool(linked.schools))):
        raise ContractError(
            f"The disclosure policy does not say enough for linked tables: {', '.join(unstated)}",
            where=str(table.path.parent / "product.yaml"),
            expected="value, reason and owner of every parameter",
        )
    if file.rounding is None and any(column.rounded for column in table.columns):
        raise ContractError(
            "A column is rounded, but nothing says to what",
            where=where,
            expected="the section `rounding` of product.yaml",
        )
    audiences = {*table.extension.audiences, *(name for column in table.columns for name in column.audiences)}
    strangers = sorted(audiences - set(file.audiences))
    if strangers:
        raise ContractError(
            f"Unknown audience(s): {', '.join(strangers)}", where=where, expected=", ".join(file.audiences)
        )
    for audience in table.extension.audiences:
        seen = {column.name for column in table.columns_for(audience)}
        if not set(table.grain) <= seen:
            raise ContractError(
                f"`{audience}` sees the table but not its whole grain",
                where=where,
                expected=", ".join(table.grain),
            )


def _check_places(table: ProductTable, file: ProductFile) -> None:
    """Of an audience that is many, each row says whose it is, and no table reaches it in two ways."""
    where, by_name = str(table.path), {column.name: column for column in table.columns}
    many = [name for name, policy in file.audiences.items() if policy.each]
    if strangers := sorted(set(table.extension.rows_of) - set(many)):
        raise ContractError(
            f"`rows_of` names {', '.join(strangers)}, which is no audience of many places",
            where=where, expected=", ".join(many) or "nothing: no audience of the product has `each`",
        )  # fmt: skip
    for audience in table.extension.audiences:
        policy = file.audiences[audience]
        if twice := [name for name in policy.includes if name in table.extension.audiences]:
            raise ContractError(
                f"`{audience}` sees the table by itself and as part of `{twice[0]}`, which it includes",
                where=where, expected=f"one of the two among the `audiences` of `{table.name}`",
            )  # fmt: skip
        if policy.each is None:
            continue
        place = by_name.get(table.extension.rows_of.get(audience, ""))
        if place is None:
            raise ContractError(
                f"`{audience}` is many, one for each {policy.each}, and nothing says whose a row is",
                where=where, expected=f"`rows_of: {{{audience}: ...}}`, the column with its code",
            )  # fmt: skip
        hidden = any(place.name in rule.hides for rule in table.extension.hide)
        if place.type is not ColumnType.STRING or audience not in place.audiences or hidden:
            raise ContractError(
                f"`{place.name}` says whose a row is, but is no text that `{audience}` may always see",
                where=where, expected=f"a column of type string with `{audience}` among its audiences",
            )  # fmt: skip


def _check_derived(table: ProductTable, tables: tuple[ProductTable, ...]) -> None:
    """What a table is made of stands in a table that hides by its own rules."""
    by_name = {item.name: item for item in tables}
    for cells in (cells for rule in table.extension.hide for cells in rule.made_of):
        other = by_name.get(cells.table)
        kinds = {rule.kind for rule in other.extension.hide} if other else set()
        if other is None or not kinds or "derived" in kinds:
            raise ContractError(
                f"A `derived` rule is made of `{cells.table}`",
                where=str(table.path),
                expected="a table of the product that hides by `estimate`, `count` or `money`",
            )
        unknown = sorted({*cells.same, *cells.listed} - {column.name for column in other.columns})
        if unknown:
            raise ContractError(
                f"A `derived` rule names {', '.join(unknown)}, which `{other.name}` does not have",
                where=str(table.path),
                expected=", ".join(other.grain),
            )


def _check_follows(table: ProductTable, tables: tuple[ProductTable, ...]) -> None:
    """What a table follows is another linked table, and both have the columns that say which row."""
    follows = table.extension.follows
    if follows is None:
        return
    other = next((item for item in tables if item.name == follows.table and item is not table), None)
    if other is None or not other.extension.linked or other.extension.follows or not table.extension.linked:
        raise ContractError(
            f"`follows` names `{follows.table}`", where=str(table.path),
            expected="another linked table of the product that follows none, and this one linked as well",
        )  # fmt: skip
    theirs = {*follows.same, *follows.where} - {column.name for column in other.columns}
    ours = set(follows.same.values()) - {column.name for column in table.columns}
    if theirs or ours:
        raise ContractError(
            f"`follows` names {', '.join(sorted(theirs | ours))}, which the tables do not have",
            where=str(table.path),
            expected=f"columns of `{other.name}`, and for each of `same` one of this table",
        )  # fmt: skip


def _check_added_up(table: ProductTable, tables: tuple[ProductTable, ...]) -> None:
    """What a table adds up stands in a table that withholds it by rules of its own."""
    added = table.extension.added_up
    if added is None:
        return
    other = next((item for item in tables if item.name == added.table), None)
    hidden = {name for rule in other.extension.hide for name in rule.hides} if other else set()
    names = {column.name for column in other.columns} if other else set()
    if not (set(added.shown_by.values()) <= hidden and set(added.same) <= names):
        raise ContractError(
            f"`added_up` names `{added.table}`, or columns of it, that withhold nothing",
            where=str(table.path),
            expected="a table of the product with hide rules for every column of `shown_by`",
        )


def _check_banded(table: ProductTable, tables: tuple[ProductTable, ...], file: ProductFile) -> None:
    """Bands have a policy, hide what they cannot show, and never show the counts behind them."""
    banded, where = table.extension.banded, str(table.path)
    ruled = [rule for rule in table.extension.hide if rule.kind == "banded"]
    if (banded is None) == bool(ruled):
        raise ContractError("`banded` and a hide rule of the kind `banded` go together", where=where)
    if banded is None:
        return
    policy, stated_in = file.disclosure, str(table.path.parent / "product.yaml")
    if unstated := policy.unstated(banded=True):
        raise ContractError(
            f"The disclosure policy does not say enough for banded figures: {', '.join(unstated)}",
            where=stated_in,
            expected="value, reason and owner of every parameter",
        )
    try:
        check_sizes(
            policy.school_bands or (), int(policy.interval_width or 0), int(policy.minimum_school or 0)
        )
    except ContractError as error:
        raise ContractError(error.found, where=stated_in, expected=error.expected) from error
    shown = set(banded.shows.model_dump().values())
    if len(ruled) > 1 or set(ruled[0].hides) != shown:
        raise ContractError(
            "The `banded` rule does not hide what the bands show",
            where=where,
            expected=", ".join(sorted(shown)),
        )
    _check_counts(table, banded, next((item for item in tables if item.name == banded.finest.table), None))


def _check_counts(table: ProductTable, banded: BandedTable, cells: ProductTable | None) -> None:
    """The counts behind bands are there, and granted to nobody but by a table that is protected as linked."""
    where = str(table.path)
    there = {column.name for column in cells.columns} if cells else set()
    if lacking := sorted({*banded.cell_columns()} - there):
        raise ContractError(
            f"Bands are made of `{banded.finest.table}`, which lacks {', '.join(lacking)}",
            where=where,
            expected="a table of the product with the columns of the cells",
        )
    linked = cells.extension.linked if cells else None
    chosen = linked is not None and (linked.base, linked.numerator) == (banded.base, banded.numerator)
    own = (table, cells) if cells and not chosen else (table,)
    told = dict.fromkeys(
        column.name
        for item in own
        for column in item.columns
        if column.name in (banded.base, banded.numerator) and column.audiences
    )
    if told:
        raise ContractError(
            f"The exact counts behind bands are granted: {', '.join(told)}",
            where=where,
            expected="no audience",
        )


def _check_consumers(file: ProductFile, columns: dict[str, set[str]], path: Path) -> None:
    for consumer in file.consumers:
        where = f"{path}, consumer {consumer.id}"
        if consumer.audience not in file.audiences:
            raise ContractError(
                f"Unknown audience `{consumer.audience}`", where=where, expected=", ".join(file.audiences)
            )
        for table, used in consumer.uses.items():
            unknown = sorted(set(used) - columns.get(table, set())) if table in columns else [table]
            if unknown:
                raise ContractError(f"It uses what is not published: {', '.join(unknown)}", where=where)
