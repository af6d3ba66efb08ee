"""A new key over the old pseudonyms: HMAC(new key, old pseudonym), whether originals are still there or not.

Belongs here: rewriting every stored pseudonym, and lengthening the chain of keys.
Does not belong here: the chain itself (see `ledger.keys`).

Whoever has only the old key can no longer test guesses against what is stored. Later deliveries are hashed
with the whole chain, so all keys are kept, first to last, one a line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.examine import needs_key
from rcs_pipeline.intake.journal import marked, pupil_tables, stored_places, undertaking
from rcs_pipeline.intake.pseudonymise import pseudonym, use_keys
from rcs_pipeline.intake.rewrite import engine, rehashed, scan
from rcs_pipeline.intake.sql import text
from rcs_pipeline.intake.withdrawn import PSEUDONYM
from rcs_pipeline.ledger.decisions import KeyLink
from rcs_pipeline.ledger.keys import FIRST_USE, fingerprint, link
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace


@dataclass(frozen=True)
class Rotated:
    """What was rewritten, and the chain as it is now (fingerprints)."""

    deliveries: int
    lists: int
    chain: tuple[str, ...]


def rotate(workspace: Workspace, reason: str) -> Rotated:
    """Rewrite every pseudonym with the key(s) that were added at the end of the key's text.

    Raises:
        NothingToDoError: no key was added.
        RcsError: the keys before it are not those of the chain, or a contract is not at hand.
        LockedError: another process is writing.
    """
    keys = workspace.pseudonym_keys()
    with undertaking(workspace, "key.rotate", "pseudonyms") as begun, engine(workspace) as connection:
        links = _new_links(workspace, keys, reason)
        old = len(keys) - len([item for item in links if item.reason == reason])
        use_keys(connection, keys[old:])
        changed: dict[Receipt, Receipt] = {}
        for receipt in workspace.ledger.receipts():
            if not (receipt.raw_path or receipt.quarantine_path):
                continue
            contract = workspace.catalogue.delivery(receipt.dataset)
            if needs_key(contract):
                after = rehashed(connection, workspace, contract, receipt, pseudonym("{}"), begun)
                changed[receipt] = after
        lists = []
        for item in workspace.ledger.withdrawals():
            if item.list_path is None:
                continue
            place = marked(item.list_path, begun)
            with whole_file(workspace.paths.home / place) as temporary:
                connection.execute(
                    f"copy (select {pseudonym(PSEUDONYM)} as {PSEUDONYM} "
                    f"from {scan(workspace.paths.home / item.list_path)} order by 1) "
                    f"to {text(temporary)} (format parquet)"
                )
            lists.append((item, replace(item, list_path=place)))
        chain = tuple(item.fingerprint for item in (*workspace.ledger.key_chain(), *links))
        old_files = [
            place
            for before, after in changed.items()
            for place in stored_places(before)
            if place not in stored_places(after)
        ]
        event = workspace.event(
            "key.rotate", "pseudonyms", reason=reason, chain=list(chain), deliveries=len(changed)
        )
        workspace.ledger.commit(
            begun, at=workspace.now(), receipts=changed.values(),
            entries=[*links, *(after for _, after in lists)], events=[event],
            # The candidates' databases hold the old pseudonyms: the next build makes a new one.
            erase=[*old_files, *(str(item.list_path) for item, _ in lists), *pupil_tables(workspace)],
        )  # fmt: skip
    return Rotated(len(changed), len(lists), chain)


def _new_links(workspace: Workspace, keys: tuple[bytes, ...], reason: str) -> list[KeyLink]:
    """The links that the chain gains. A home from before the chain was kept is taken to have used the first.

    Raises:
        NothingToDoError: there are no keys beyond the chain.
        RcsError: the keys do not begin with the chain, or one stands twice.
    """
    chain = [item.fingerprint for item in workspace.ledger.key_chain()]
    given = [fingerprint(key) for key in keys]
    links = [] if chain else [link(workspace, keys[0], FIRST_USE)]
    known = chain or given[:1]
    if given[: len(known)] != known:
        raise RcsError(
            "The keys do not begin with those that this home's pseudonyms were made with",
            where="the key for pseudonyms", expected=f"the fingerprint(s) {', '.join(known)} first",
            todo="Give the old keys in their order, and the new one as the last line.",
        )  # fmt: skip
    if len(set(given)) < len(given):
        raise RcsError("A key stands twice", where="the key for pseudonyms", expected="a new one at the end")
    if len(given) == len(known):
        raise NothingToDoError(
            "No key was added", where="the key for pseudonyms",
            todo="Write the new key as a further line below the old one(s), then run the command again.",
        )  # fmt: skip
    return [*links, *(link(workspace, key, reason) for key in keys[len(known) :])]
