"""Who reads what a plan changes.

Belongs here: from the consumers of the product contract and the reasons of a plan to who is affected.
Does not belong here: telling them (see `notices`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rcs_pipeline.contracts.product import Consumer, Product
from rcs_pipeline.release.draft import Comparison
from rcs_pipeline.release.versions import Change, Reason


@dataclass(frozen=True)
class Affected:
    """A consumer, what changes of what it uses, and whether that can break it."""

    id: str
    title: str
    owner: str
    contact: str
    kind: str
    tables: tuple[str, ...]
    breaking: bool
    reasons: tuple[str, ...]


def affected(product: Product, comparisons: Iterable[Comparison]) -> tuple[Affected, ...]:
    """The consumers that a plan touches, in the order of the contract."""
    by_audience = {item.audience: item for item in comparisons}
    found = (
        _affected(consumer, by_audience[consumer.audience])
        for consumer in product.file.consumers
        if consumer.audience in by_audience
    )
    return tuple(item for item in found if item is not None)


def _affected(consumer: Consumer, comparison: Comparison) -> Affected | None:
    met = [reason for reason in comparison.reasons if _meets(consumer, reason)]
    if not met:
        return None
    worst_first = sorted(met, key=lambda reason: reason.change is not Change.MAJOR)
    return Affected(
        id=consumer.id,
        title=consumer.title,
        owner=consumer.owner,
        contact=consumer.contact,
        kind=consumer.kind,
        tables=tuple(sorted({reason.table for reason in met if reason.table})),
        breaking=any(reason.change is Change.MAJOR for reason in met),
        reasons=tuple(reason.sentence for reason in worst_first),
    )


def _meets(consumer: Consumer, reason: Reason) -> bool:
    if reason.table is None:
        return True  # the licence, say: everybody's
    if reason.table not in consumer.uses:
        return False
    columns = consumer.uses[reason.table]
    return not columns or reason.column is None or reason.column in columns
