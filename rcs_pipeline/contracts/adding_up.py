"""What a table whose rows add up must say, so that what is hidden in it stays hidden.

Belongs here: checks of a table with `linked`, `money` or `added_up` before anything is hidden in it.
Does not belong here: what these sections say (`disclosure_policy`, `money`), choosing and attacking
(`disclosure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import ContractError

if TYPE_CHECKING:
    from rcs_pipeline.contracts.product import ProductFile, ProductTable


def check_adding_up(table: ProductTable, file: ProductFile) -> None:
    """One audience has a table whose rows add up, and every row of a linked one can be named.

    Raises:
        ContractError: it is not so.
    """
    extension, where = table.extension, str(table.path)
    if not (extension.linked or extension.money or extension.added_up):
        return
    for audience in extension.audiences:
        if includes := file.audiences[audience].includes:
            raise ContractError(
                f"The rows of the table add up, and `{audience}` includes `{includes[0]}`:"
                " what the two say together is attacked by nobody",
                where=where, expected="no `linked`, `money` or `added_up` where an audience includes another",
            )  # fmt: skip
    if len(extension.audiences) > 1:
        # Each would have a pattern of its own, and who has both files subtracts.
        raise ContractError(
            f"The rows of the table add up, and {' and '.join(f'`{name}`' for name in extension.audiences)}"
            " would each have it with other cells hidden: what the files say together is attacked by nobody",
            where=where, expected="one audience for a table with `linked`, `money` or `added_up`",
            todo="Leave one of them; an audience that `includes` it has the very same file.",
        )  # fmt: skip
    keys = extension.linked.keys if extension.linked else ()
    maybe = sorted(column.name for column in table.columns if column.name in keys and not column.required)
    if maybe:
        raise ContractError(
            f"A row of the linked table may have nothing in {', '.join(maybe)}, and so no name",
            where=where, expected=f"`required: true` for {', '.join(keys)}",
        )  # fmt: skip
