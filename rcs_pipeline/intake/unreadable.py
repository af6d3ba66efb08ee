"""The error of every reader: the content of a file is not what its format promises.

Belongs here: the error alone, so that a reading process may import it without anything else.
Does not belong here: the sentences (see `data_contracts/messages`).
"""

from __future__ import annotations

UNREADABLE_FILE = "RCS-F01"


class UnreadableFileError(Exception):
    """The file is refused by the rule `rule_id`. Carries a detail that holds no cell of the file."""

    def __init__(self, detail: str, rule_id: str = UNREADABLE_FILE) -> None:
        self.detail, self.rule_id = detail, rule_id
        super().__init__(detail)
