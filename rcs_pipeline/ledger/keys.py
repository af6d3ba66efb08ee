"""The chain of keys: which keys the pseudonyms of this home were made with, known by fingerprints.

Belongs here: fingerprints, and comparing the keys at hand with the chain in the ledger.
Does not belong here: hashing identifiers (see `intake.pseudonymise`), changing keys (see `intake.rotate`).

A pseudonym is HMAC(kn, ... HMAC(k2, HMAC(k1, identifier))): originals are purged, so a new key can only be
laid over the old pseudonyms, and every key of the chain is needed for what arrives later.
"""

from __future__ import annotations

import hashlib
import hmac

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.decisions import KeyLink
from rcs_pipeline.ledger.workspace import Workspace

LABEL = b"rcs_pipeline key fingerprint"
SHOWN = 16
FIRST_USE = "first use"


def fingerprint(key: bytes) -> str:
    """Names a key without telling anything of it."""
    return hmac.new(key, LABEL, hashlib.sha256).hexdigest()[:SHOWN]


def keys_in_use(workspace: Workspace) -> tuple[bytes, ...]:
    """The keys at hand, which are those of the ledger's chain.

    Raises:
        RcsError: there is none, one is missing, one is another, or one was added and not yet rotated to.
    """
    keys = workspace.pseudonym_keys()
    chain = [item.fingerprint for item in workspace.ledger.key_chain()]
    given = [fingerprint(key) for key in keys]
    if not chain or given == chain:
        return keys
    expected = f"the key(s) with the fingerprint(s) {', '.join(chain)}, first to last, one a line"
    if given[: len(chain)] == chain:
        raise RcsError(
            f"{len(given) - len(chain)} key was added that pseudonyms are not made with yet",
            where="the key for pseudonyms", expected=expected,
            todo="Run `rcs key rotate`, or take the new line out.",
        )  # fmt: skip
    raise RcsError(
        f"The key is not the one that this home's pseudonyms were made with ({', '.join(given)})",
        where="the key for pseudonyms", expected=expected,
        todo="Give the right key; with another one a pupil would become somebody else.",
    )  # fmt: skip


def remember_keys(workspace: Workspace, keys: tuple[bytes, ...]) -> None:
    """Enter the fingerprints at the first use of the keys; later uses change nothing."""
    if not workspace.ledger.key_chain():
        workspace.ledger.enter(entries=[link(workspace, key, FIRST_USE) for key in keys])


def link(workspace: Workspace, key: bytes, reason: str) -> KeyLink:
    """The ledger's entry for a key."""
    return KeyLink(
        fingerprint=fingerprint(key), since=workspace.now(), claimed_name=workspace.settings.name,
        os_account=workspace.settings.os_account, reason=reason,
    )  # fmt: skip
