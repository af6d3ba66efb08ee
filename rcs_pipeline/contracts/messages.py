"""The message catalogue: what a person reads for each kind of finding.

Belongs here: the model of `data_contracts/messages/` and filling in a template.
Does not belong here: deciding that something is wrong (see `intake`).
"""

from __future__ import annotations

from pydantic import Field

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.contracts.yaml_files import Strict


class Message(Strict):
    """One stable rule id, with its sentence, its remedy and an example.

    `message` and `fix` may hold `{column}`, `{value}`, `{expected}` and `{detail}`.
    """

    id: str = Field(pattern=r"^RCS-[A-Z]\d{2,3}$")
    name: str
    severity: Severity
    message: str
    fix: str
    example: str = ""


class MessagesFile(Strict):
    """The content of one file under `messages/`."""

    messages: tuple[Message, ...]
