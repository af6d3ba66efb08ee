"""A new key without the originals: pseudonyms still match, and the old key alone opens nothing."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.confirm import confirm
from rcs_pipeline.intake.rotate import rotate
from rcs_pipeline.intake.withdraw import withdraw_pupils
from rcs_pipeline.ledger.keys import fingerprint
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import home, stored
from tests.intake.visits import everything, lake, listed, pupil, released, send, visits

ONE, TWO, THREE = (f"key number {number} of this test" for number in ("one", "two", "three"))


def with_keys(folder: Path, *keys: str) -> Workspace:
    """The home with these keys, one a line."""
    return home(folder / "home", RCS_KEY="\n".join(keys))


def hashed(number: int, *keys: str) -> str:
    value = pupil(number)
    for key in keys:
        value = hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()
    return value


def test_every_pseudonym_becomes_the_hash_of_the_old_one_under_the_new_key(tmp_path: Path) -> None:
    first = with_keys(tmp_path, ONE)
    old = send(first, visits(range(4)))
    receipt = send(first, visits(range(5), p4="999,bad"))
    space = with_keys(tmp_path, ONE, TWO)
    done = rotate(space.acting_as("Ada"), "The old key was on a laptop")
    assert (done.deliveries, done.chain) == (2, (fingerprint(ONE.encode()), fingerprint(TWO.encode())))
    assert lake(space) == {hashed(number, ONE, TWO) for number in range(4)}
    after = space.ledger.receipt(receipt.id)
    assert [item["pupil_id"] for item in stored(space, after, "quarantine_path")] == [hashed(4, ONE, TWO)]
    everywhere = str(everything(space))
    assert not [number for number in range(5) if hashed(number, ONE) in everywhere]
    assert not (space.paths.home / str(old.raw_path)).exists()
    assert [item.claimed_name for item in space.ledger.key_chain()] == ["tester", "Ada"]
    (event,) = space.ledger.events(action="key.rotate")
    assert ONE not in str(event)
    assert event.detail["reason"] == "The old key was on a laptop"


def test_the_receipt_knows_the_new_file_so_that_nothing_counts_as_damaged(tmp_path: Path) -> None:
    send(with_keys(tmp_path, ONE), visits(range(4)))
    space = with_keys(tmp_path, ONE, TWO)
    rotate(space, "because")
    assert send(space, visits(range(4))).state.value == "duplicate"


def test_later_deliveries_match_because_they_are_hashed_with_the_whole_chain(tmp_path: Path) -> None:
    send(with_keys(tmp_path, ONE), visits(range(4)))
    rotate(with_keys(tmp_path, ONE, TWO), "because")
    space = with_keys(tmp_path, ONE, TWO, THREE)
    rotate(space, "again")
    before = lake(space)
    send(space, visits(range(5)))
    assert before == {hashed(number, ONE, TWO, THREE) for number in range(4)}
    assert lake(space) == before | {hashed(4, ONE, TWO, THREE)}


def test_withdrawn_pupils_stay_withdrawn_under_the_new_key(tmp_path: Path) -> None:
    first = with_keys(tmp_path, ONE)
    send(first, visits(range(4)))
    withdraw_pupils(first, listed(first, 2), "Consent")
    space = with_keys(tmp_path, ONE, TWO)
    assert rotate(space, "because").lists == 1
    assert send(space, visits(range(5))).rows_withdrawn == 1
    with pytest.raises(NothingToDoError):
        withdraw_pupils(space, listed(space, 2), "Consent")


def test_a_delivery_that_waits_can_be_confirmed_afterwards(tmp_path: Path) -> None:
    waits = send(with_keys(tmp_path, ONE), visits(range(4), p0="250,odd"))
    space = with_keys(tmp_path, ONE, TWO)
    rotate(space, "because")
    confirm(space, waits, "right")
    assert lake(space) == {hashed(number, ONE, TWO) for number in range(4)}


def test_candidates_lose_the_tables_with_the_old_pseudonyms(tmp_path: Path) -> None:
    first = with_keys(tmp_path, ONE)
    candidate = released(first, send(first, visits(range(4))))
    rotate(with_keys(tmp_path, ONE, TWO), "because")
    assert not (first.paths.home / candidate.path / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ((TWO,), "is not the one that this home's pseudonyms were made with"),
        ((ONE, TWO), "Run `rcs key rotate`"),
        ((TWO, ONE), "is not the one"),
    ],
)
def test_another_key_is_noticed_before_a_pupil_becomes_somebody_else(
    tmp_path: Path, keys: tuple[str, ...], says: str
) -> None:
    send(with_keys(tmp_path, ONE), visits(range(4)))
    with pytest.raises(RcsError, match=says) as error:
        send(with_keys(tmp_path, *keys), visits(range(5)))
    assert not [key for key in (ONE, TWO) if key in str(error.value)]


@pytest.mark.parametrize(
    ("keys", "says"),
    [((ONE,), "No key was added"), ((TWO, THREE), "do not begin with"), ((ONE, ONE), "stands twice")],
)
def test_a_rotation_that_makes_no_sense_changes_nothing(
    tmp_path: Path, keys: tuple[str, ...], says: str
) -> None:
    first = with_keys(tmp_path, ONE)
    send(first, visits(range(4)))
    before = everything(first)
    with pytest.raises(RcsError, match=says):
        rotate(with_keys(tmp_path, *keys), "because")
    assert everything(first) == before
    assert len(first.ledger.key_chain()) == 1


def test_a_home_from_before_the_chain_was_kept_is_taken_to_have_used_the_first_key(tmp_path: Path) -> None:
    first = with_keys(tmp_path, ONE)
    send(first, visits(range(4)))
    with first.ledger._engine.begin() as connection:
        connection.exec_driver_sql("delete from key_link")
    space = with_keys(tmp_path, ONE, TWO)
    rotate(space, "because")
    assert lake(space) == {hashed(number, ONE, TWO) for number in range(4)}
    assert [item.fingerprint for item in space.ledger.key_chain()] == [
        fingerprint(ONE.encode()),
        fingerprint(TWO.encode()),
    ]
