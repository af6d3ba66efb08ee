"""What the differences mean: removed or redefined, added, or only corrected.

Belongs here: comparing what consumers were told with what they would be told now, and turning that
and the table diffs into reasons. Pure.
Does not belong here: reading files (see `plan`), arithmetic of versions (see `versions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rcs_pipeline.release.diff import TableDiff
from rcs_pipeline.release.versions import Change, Reason

Described = dict[str, Any]


def reasons_of_description(before: Described, after: Described) -> tuple[Reason, ...]:
    """The differences of two package descriptions: terms, tables, columns, codes."""
    return tuple(_package(before, after))


def reasons_of_table(diff: TableDiff, resource: Described, package: Described) -> tuple[Reason, ...]:
    """What the changed rows of one table, present in both releases, mean.

    Args:
        diff: the comparison by grain.
        resource: the description of the table now.
        package: the description of the whole release now.
    """
    return tuple(_rows(diff, resource, package))


def _package(before: Described, after: Described) -> Iterator[Reason]:
    if before.get("licenses") != after.get("licenses"):
        yield Reason(Change.MAJOR, "The licence is another one.")
    if any(before.get(key) != after.get(key) for key in ("title", "description", "contributors")):
        yield Reason(
            Change.PATCH, "The title, description or publisher of the product is worded differently."
        )
    old, new = (({item["name"]: item for item in side.get("resources", [])}) for side in (before, after))
    for name in sorted(old.keys() - new.keys()):
        yield Reason(Change.MAJOR, f"The table `{name}` is no longer released.", name)
    for name in sorted(new.keys() - old.keys()):
        yield Reason(Change.MINOR, f"The table `{name}` is new.", name)
    for name in sorted(old.keys() & new.keys()):
        yield from _table(name, old[name], new[name])


def _table(name: str, before: Described, after: Described) -> Iterator[Reason]:
    if before["schema"].get("primaryKey") != after["schema"].get("primaryKey"):
        grain = ", ".join(after["schema"].get("primaryKey", []))
        yield Reason(
            Change.MAJOR, f"One row of `{name}` stands for something else: its grain is now {grain}.", name
        )
    yield from _contract(name, before.get("contract", {}), after.get("contract", {}))
    if any(before.get(key) != after.get(key) for key in ("title", "description")):
        yield Reason(Change.PATCH, f"The table `{name}` is described in other words.", name)
    yield from _deprecation(f"The table `{name}`", before, after, name, None)
    old, new = (({item["name"]: item for item in side["schema"]["fields"]}) for side in (before, after))
    for column in [item for item in old if item not in new]:
        yield Reason(Change.MAJOR, f"`{name}` loses the column `{column}`.", name, column)
    for column in [item for item in new if item not in old]:
        yield Reason(Change.MINOR, f"`{name}` gains the column `{column}`.", name, column)
    for column in [item for item in new if item in old]:
        for reason in _column(f"`{name}.{column}`", old[column], new[column]):
            yield replace(reason, table=name, column=column)
        yield from _deprecation(f"`{name}.{column}`", old[column], new[column], name, column)
    if [item for item in old if item in new] != [item for item in new if item in old]:
        yield Reason(Change.MINOR, f"The columns of `{name}` stand in another order.", name)


def _contract(name: str, before: Described, after: Described) -> Iterator[Reason]:
    old, new = str(before.get("version", "")), str(after.get("version", ""))
    if old == new:
        return
    kinds = zip((Change.MAJOR, Change.MINOR), old.split("."), new.split("."), strict=False)
    change = next((kind for kind, left, right in kinds if left != right), Change.PATCH)
    yield Reason(change, f"The contract of `{name}` went from version {old} to {new}.", name)


def _column(place: str, before: Described, after: Described) -> Iterator[Reason]:
    for key, noun in (("type", "type"), ("unit", "unit")):
        if before.get(key) != after.get(key):
            yield Reason(
                Change.MAJOR,
                f"{place} is redefined: its {noun} was {before.get(key)} and is {after.get(key)}.",
            )
    old, new = (
        {item["value"]: item["label"] for item in side.get("categories", [])} for side in (before, after)
    )
    for code in [item for item in old if item not in new]:
        yield Reason(Change.MAJOR, f"{place} loses the code `{code}`.")
    for code in [item for item in old if item in new and old[item] != new[item]]:
        yield Reason(Change.MAJOR, f"{place}: the code `{code}` is redefined.")
    for code in [item for item in new if item not in old]:
        yield Reason(Change.MINOR, f"{place} gains the code `{code}`.")
    limits = [
        {key: value for key, value in side.get("constraints", {}).items() if key != "enum"}
        for side in (before, after)
    ]
    if limits[0] != limits[1]:
        yield Reason(Change.MINOR, f"{place} is allowed other values than before.")
    if before.get("description") != after.get("description"):
        yield Reason(Change.PATCH, f"{place} is described in other words.")


def _deprecation(
    place: str, before: Described, after: Described, table: str, column: str | None
) -> Iterator[Reason]:
    was, now = before.get("deprecated"), after.get("deprecated")
    if was != now and now:
        sentence = f"{place} is deprecated and goes after {now['until']}: {now['note']}"
        yield Reason(Change.MINOR, sentence, table, column)
    elif was != now:
        yield Reason(Change.MINOR, f"{place} is no longer deprecated.", table, column)


def _rows(diff: TableDiff, resource: Described, package: Described) -> Iterator[Reason]:
    name = diff.table
    if diff.removed:
        yield Reason(
            Change.MAJOR, f"`{name}` loses {_counted(diff.removed, 'row')} of {diff.rows_before:,}.", name
        )
    if diff.added:
        yield Reason(
            Change.MINOR, f"`{name}` gains {_counted(diff.added, 'row')}, now {diff.rows_after:,}.", name
        )
    if not diff.changed:
        return
    redefined = (
        [column for column in diff.cells if not _is_label(column)] if _defines(resource, package) else []
    )
    relabelled = (
        [column for column in diff.cells if column not in redefined] if _defines(resource, package) else []
    )
    if redefined:
        yield Reason(
            Change.MAJOR,
            f"`{name}` defines what other tables count, and {_counted(diff.changed, 'row')} changed"
            f" in {', '.join(redefined)}.",
            name,
        )
    if relabelled:
        yield Reason(Change.MINOR, f"`{name}` has other labels in {', '.join(relabelled)}.", name)
    if not redefined and not relabelled:
        cells = _counted(sum(diff.cells.values()), "value")
        hidden = f"; {_counted(diff.hidden, 'value')} no longer shown" if diff.hidden else ""
        yield Reason(
            Change.PATCH, f"`{name}` has {cells} corrected in {_counted(diff.changed, 'row')}{hidden}.", name
        )


def _defines(resource: Described, package: Described) -> bool:
    """Whether a row of the table says what the rows of another one are about, as `indicators` does."""
    key = resource["schema"].get("primaryKey", [])
    others = [item for item in package["resources"] if item["name"] != resource["name"]]
    return len(key) == 1 and any(key[0] in item["schema"].get("primaryKey", []) for item in others)


def _is_label(column: str) -> bool:
    """Labels are for people and may be reworded; ids, kinds and definitions may not."""
    return column in ("title", "name") or column.endswith(("_name", "_title"))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
