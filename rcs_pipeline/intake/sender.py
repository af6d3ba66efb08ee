"""Who sent a delivery, as far as anybody said.

Belongs here: the supplier that holds where none is named, and the word under which mappings are kept.
Does not belong here: whether the supplier may send this (see `examine`).
"""

from __future__ import annotations

from rcs_pipeline.contracts.register import Collection, Register


def supplier_of(collection: Collection, dataset: str, given: str | None) -> str | None:
    """The supplier named with the file; else the one that the register names for the collection."""
    return given or collection.suppliers.get(dataset)


def sender_of(register: Register, collection: Collection, supplier: str | None) -> str:
    """The supplier; with the partnership where each has its own; the partnership where nobody is named."""
    here = collection.cpp or collection.key
    if supplier is None:
        return here
    shared = {item.id for item in register.suppliers if not item.per_cpp}
    return supplier if supplier in shared else f"{supplier}/{here}"
