"""Audiences: who a release is for, and whether an audience is one or many.

Belongs here: the policy of an audience, how one place of many is named, and whether audiences fit together.
Does not belong here: which tables they see (see `product`), writing anything (`disclosure`, `release`).

An audience with `each` is many: a release for each place, named by its kind and the place's code, such as
`partnership/S12000005`. Contracts speak of kinds, releases of each place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Literal

from pydantic import model_validator

from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.contracts.yaml_files import Strict

SEPARATOR = "/"
KIND = re.compile(r"[a-z][a-z0-9_]*")
# A code is the name of a folder and part of the name of a role in a database.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")


class Each(StrEnum):
    """Of which places an audience has one release each."""

    CPP = "cpp"
    SCHOOL = "school"


class AudiencePolicy(Strict):
    """Who a release is for, the geographies it may hold, and its formats beside CSV.

    `each`: the audience is many, one for each such place; a table says by `rows_of` whose its rows are.
    `includes`: audiences whose tables a release holds as well, exactly as those got them.
    """

    title: str
    formats: tuple[Literal["parquet", "xlsx", "duckdb"], ...] = ("parquet", "xlsx", "duckdb")
    geographies: tuple[GeographyLevel, ...]
    each: Each | None = None
    includes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _made_from_parquet(self) -> AudiencePolicy:
        made = [item for item in self.formats if item != "parquet"]
        if made and "parquet" not in self.formats:
            raise ValueError(f"{' and '.join(made)} are made from a release's Parquet files: add `parquet`")
        return self


def kind_of(audience: str) -> str:
    """`partnership` of `partnership/S12000005`, `open` of `open`."""
    return audience.partition(SEPARATOR)[0]


def place_of(audience: str) -> str:
    """`S12000005` of `partnership/S12000005`; nothing where an audience is one, or a kind is meant."""
    return audience.partition(SEPARATOR)[2]


def of_place(kind: str, code: str) -> str:
    """The name of one audience of many."""
    return f"{kind}{SEPARATOR}{code}"


def by_kind(audiences: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Kind -> its audiences, both in the order in which they come."""
    found: dict[str, list[str]] = {}
    for name in audiences:
        found.setdefault(kind_of(name), []).append(name)
    return {kind: tuple(names) for kind, names in found.items()}


def check_audiences(audiences: Mapping[str, AudiencePolicy]) -> None:
    """Refuse audiences that cannot stand beside one another.

    Raises:
        ValueError: in a sentence, what does not fit.
    """
    above: list[str] = []
    for name, policy in audiences.items():
        if not KIND.fullmatch(name):
            raise ValueError(f"`{name}` is no name for an audience: small letters, digits and underscores")
        for other in policy.includes:
            if other not in audiences or other == name:
                raise ValueError(f"`{name}` includes `{other}`, which is no other audience of the product")
            if audiences[other].each or audiences[other].includes:
                raise ValueError(f"`{name}` includes `{other}`, which is many or includes others itself")
            if other not in above:
                raise ValueError(
                    f"`{name}` includes `{other}`: name that one first, for pointers move in order"
                )
        above.append(name)
