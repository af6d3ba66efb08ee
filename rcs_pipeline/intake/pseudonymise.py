"""Pseudonyms: a keyed hash in the place of every identifier, made in the scan that first sees it.

Belongs here: HMAC-SHA256 in SQL (RFC 2104), so that no identifier is ever written.
Does not belong here: where the keys come from (see `ledger.workspace` and `ledger.keys`).

Measured on 1 million rows: 0.7 s in SQL, 2.9 s as a Python function.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCK = 64
INNER, OUTER = "hmac_inner", "hmac_outer"
MACRO = "rcs_pseudonym"


def use_keys(connection: DuckDBPyConnection, keys: Sequence[bytes]) -> None:
    """Give the connection the chain of keys that `pseudonym` works with; the first is applied first.

    The pads are variables of the connection: the statement that scans a file does not hold them, so no
    message about it can. (Parameters would do as well, but the first one makes DuckDB load pandas, 1.6 s.)
    """
    hashed = "value"
    for number, key in enumerate(keys):
        key = hashlib.sha256(key).digest() if len(key) > BLOCK else key
        key = key.ljust(BLOCK, b"\x00")
        for name, pad in ((INNER, 0x36), (OUTER, 0x5C)):
            octets = "".join(f"\\x{byte ^ pad:02x}" for byte in key)
            connection.execute(f"set variable {name}_{number} = '{octets}'::blob")
        inner = f"sha256(getvariable('{INNER}_{number}') || encode({hashed}))"
        hashed = f"sha256(getvariable('{OUTER}_{number}') || unhex({inner}))"
    connection.execute(f"create or replace temp macro {MACRO}(value) as {hashed}")


def pseudonym(value: str) -> str:
    """SQL that turns the text expression `value` into its pseudonym; NULL stays NULL."""
    return f"{MACRO}({value})"
