"""What of a name says whose it is: the entry `one_name` of a delivered column.

Belongs here: the signs and words that a contract lists, and what may stand in such a list.
Does not belong here: the normal form itself (see `intake.spellings`); how alike two names are, which a person
judges (see `matching`).
"""

from __future__ import annotations

import re
import unicodedata

from pydantic import Field, field_validator

from rcs_pipeline.contracts.yaml_files import Strict

WORDS = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")


class OneName(Strict):
    """Names of the column are one if they differ in nothing but case, accents, punctuation and white space,
    and in what is listed here.

    `instead`: a sign that is no plain letter or digit -> what is read instead. `before`: words left away at
    the beginning. `after`: words left away at the end. All in plain small letters.
    """

    instead: dict[str, str] = Field(default_factory=dict)
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @field_validator("instead", mode="after")
    @classmethod
    def _signs(cls, instead: dict[str, str]) -> dict[str, str]:
        for sign, word in instead.items():
            plain = unicodedata.normalize("NFD", sign.lower())
            if len(sign) != 1 or plain != sign or WORDS.fullmatch(plain):
                raise ValueError(
                    f"`{sign}` is not one sign, or a capital, has an accent, or is a plain letter or digit"
                )
            _plain(word)
        return instead

    @field_validator("before", "after", mode="after")
    @classmethod
    def _words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            _plain(word)
        return words


def _plain(word: str) -> None:
    if not WORDS.fullmatch(word):
        raise ValueError(f"`{word}` is not in plain small letters, as names are compared")
