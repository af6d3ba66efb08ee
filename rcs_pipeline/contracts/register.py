"""The register: who is in the programme, and what is due from whom.

Belongs here: tranches, CPPs, waves, collections, suppliers, how long what they sent is kept.
Does not belong here: what actually arrived (see `ledger`).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.yaml_files import Strict


class Tranche(Strict):
    """A group of CPPs that joined together."""

    id: str
    title: str

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        return str(value)


class Cpp(Strict):
    """A Community Planning Partnership, keyed by its council's GSS code."""

    code: str = Field(pattern=r"^S12\d{6}$")
    name: str
    former_codes: tuple[str, ...] = ()
    health_board: str
    health_board_code: str = Field(pattern=r"^S08\d{6}$")


class Collection(Strict):
    """One CPP in one wave (or a national or foreign file, which has no CPP)."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    tranche: str | None = None
    cpp: str | None = None
    wave: str
    collected: str
    datasets: dict[str, date | None]
    suppliers: dict[str, str] = Field(
        default_factory=dict, description="dataset -> who sends it, where nobody says so: the inbox cannot"
    )

    @field_validator("tranche", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return None if value is None else str(value)


class Supplier(Strict):
    """Somebody who sends deliveries.

    `per_cpp`: the word stands for another sender in each partnership, as "the council" does.
    """

    id: str
    name: str
    per_cpp: bool = False


class Wave(Strict):
    """A round of an instrument."""

    id: str
    title: str


class Retention(Strict):
    """How long something is kept after its delivery arrived, and why not longer."""

    of: Literal["originals", "quarantine", "findings"]
    days: int = Field(ge=0)
    reason: str


class RegisterFile(Strict):
    """The content of one file under `register/`."""

    tranches: tuple[Tranche, ...] = ()
    cpps: tuple[Cpp, ...] = ()
    waves: tuple[Wave, ...] = ()
    suppliers: tuple[Supplier, ...] = ()
    collections: tuple[Collection, ...] = ()
    retention: tuple[Retention, ...] = ()


class Register(RegisterFile):
    """All register files together."""

    def collection(self, key: str) -> Collection:
        """The collection with this key.

        Raises:
            RcsError: it is not in the register; names the nearest that is.
        """
        from difflib import get_close_matches

        known = {item.key: item for item in self.collections}
        if key in known:
            return known[key]
        near = get_close_matches(key, known, n=1)
        raise RcsError(
            f"The collection `{key}` is not in the register",
            expected=f"`{near[0]}`?" if near else "a key from data_contracts/register",
            todo="Correct the key, or add the collection to the register.",
        )

    def cpp(self, code: str) -> Cpp:
        """The CPP with this GSS code; KeyError if the programme has none such."""
        return {item.code: item for item in self.cpps}[code]

    def named_cpp(self, code: str) -> str:
        """The code with the name of its CPP, where the programme has one such."""
        names = {item.code: item.name for item in self.cpps}
        return f"{names[code]} ({code})" if code in names else code
