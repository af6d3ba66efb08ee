"""Drift is decided, not guessed: once, by a person, for one sender and dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.mapping import accept, drop, waiting
from rcs_pipeline.ledger.decisions import Mapping
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import found, home, stored
from tests.intake.visits import lake, pupil, send, visits

DRIFTED = "pupil_id,visit,remarks"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def messages(space: Workspace, receipt: Receipt) -> dict[str, str]:
    return {item["rule_id"]: item["message"] for item in stored(space, receipt, "findings_path")}


def _entered(space: Workspace, refused: Receipt) -> list[Mapping]:
    accept(space, refused, "yes")
    return space.ledger.mappings()


def test_a_renamed_column_stops_the_file_with_a_mapping_proposed_as_a_whole(space: Workspace) -> None:
    refused = send(space, visits(range(3), DRIFTED))
    assert refused.state is ReceiptState.REFUSED
    assert refused.rows_refused == 3
    said = messages(space, refused)["RCS-F62"]
    assert "`visit` is `visits`; `remarks` is `remark`" in said
    (item,) = waiting(space)
    assert (item.receipt.id, item.sender) == (refused.id, "scotcen")
    assert dict(item.proposal.renamed) == {"visit": "visits", "remarks": "remark"}


def test_accepted_once_the_next_file_of_that_sender_passes_and_says_whose_decision_it_was(
    space: Workspace,
) -> None:
    refused = send(space, visits(range(3), DRIFTED))
    done = accept(space.acting_as("Ada"), refused, "The export was renewed")
    assert {item.theirs: item.ours for item in done.mappings} == {"visit": "visits", "remarks": "remark"}
    assert waiting(space) == []
    taken = send(space, visits(range(4), DRIFTED.upper()))
    assert (taken.state, taken.rows_accepted) == (ReceiptState.ACCEPTED, 4)
    applied = [item for item in stored(space, taken, "findings_path") if item["rule_id"] == "RCS-F60"]
    assert {item["severity"] for item in applied} == {"advise"}
    assert "as agreed by Ada on 2026-05-04 (mapping 1)" in applied[0]["message"]
    assert [item["visits"] for item in stored(space, taken)] == [0, 1, 2, 3]
    (event,) = space.ledger.events(action="map.accept")
    assert (event.claimed_name, event.detail["reason"]) == ("Ada", "The export was renewed")
    assert event.os_account == space.settings.os_account


def test_the_same_file_again_passes_too_because_a_refusal_settles_nothing(space: Workspace) -> None:
    refused = send(space, visits(range(3), DRIFTED))
    accept(space, refused, "yes")
    assert send(space, visits(range(3), DRIFTED)).state is ReceiptState.ACCEPTED


def test_a_mapping_holds_for_its_sender_and_for_nobody_else(space: Workspace) -> None:
    accept(space, send(space, visits(range(3), DRIFTED)), "yes")
    assert send(space, visits(range(3), DRIFTED), "unnamed").state is ReceiptState.REFUSED
    # The council is another sender in each partnership.
    accept(space, send(space, visits(range(5), DRIFTED), supplier="council"), "yes")
    assert send(space, visits(range(5), DRIFTED), supplier="council").state is ReceiptState.ACCEPTED
    other = send(space, visits(range(5), DRIFTED), "unnamed", supplier="council")
    assert other.state is ReceiptState.REFUSED
    senders = {item.sender for item in space.ledger.mappings()}
    assert senders == {"scotcen", "council/S12000014"}


def test_without_a_supplier_the_partnership_is_the_sender(space: Workspace) -> None:
    refused = send(space, visits(range(3), DRIFTED), "unnamed")
    assert accept(space, refused, "yes").sender == "S12000020"
    assert send(space, visits(range(4), DRIFTED), "unnamed").state is ReceiptState.ACCEPTED


def test_an_extra_column_is_left_out_once_that_is_accepted(space: Workspace) -> None:
    content = visits(range(2), HEADER_PLUS, p0="1,ok,x", p1="2,ok,x")
    refused = send(space, content)
    done = accept(space, refused, "Their export always has it", ignored=["Internal notes"])
    assert [(item.theirs, item.ours) for item in done.mappings] == [("internal notes", None)]
    taken = send(space, content)
    assert taken.state is ReceiptState.ACCEPTED
    assert ("RCS-F61", None, "Internal notes") in found(space, taken)
    assert "Internal notes" not in stored(space, taken)[0]


HEADER_PLUS = "pupil_id,visits,remark,Internal notes"


def test_the_columns_named_by_a_person_are_taken_instead_of_the_proposal(space: Workspace) -> None:
    refused = send(space, visits(range(3), "pupil_id,contacts,remark"))
    assert waiting(space)[0].proposal.missing == ("visits",)
    accept(space, refused, "Contacts are visits", columns={"Contacts": "visits"})
    taken = send(space, visits(range(3), "pupil_id,contacts,remark"))
    assert [item["visits"] for item in stored(space, taken)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"visit": "visitss"}, "no column of the contract"),
        ({"visit": "pupil_id"}, "stands in the file already"),
        ({"nothing": "visits"}, "no unknown header `nothing`"),
        ({"visit": "visits", "remarks": "visits"}, "Two headers"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_with_a_sentence(
    space: Workspace, columns: dict[str, str], says: str
) -> None:
    refused = send(space, visits(range(3), DRIFTED))
    with pytest.raises(RcsError, match=says):
        accept(space, refused, "because", columns=columns)
    assert space.ledger.mappings() == []


def test_a_mapping_never_overrides_a_header_that_is_itself_a_column(space: Workspace) -> None:
    accept(space, send(space, visits(range(3), DRIFTED)), "yes")
    # Now the file has both: their `visit`, and ours. Nobody can say which one is meant.
    both = visits(range(2), "pupil_id,visits,remark,visit", p0="1,ok,9", p1="2,ok,9")
    refused = send(space, both)
    assert refused.state is ReceiptState.REFUSED
    assert ("RCS-F06", None, "visit") in found(space, refused)
    # A file with our own headers needs no mapping and says nothing of one.
    plain = send(space, visits(range(3)))
    assert found(space, plain) == set()


def test_an_identifier_may_be_mapped_and_its_values_stay_hidden(space: Workspace) -> None:
    refused = send(space, visits(range(3), "pupil,visits,remark"))
    accept(space, refused, "yes", columns={"pupil": "pupil_id"})
    taken = send(space, visits(range(3), "pupil,visits,remark", p1="999,far too many words"))
    assert taken.rows_quarantined == 1
    assert not {pupil(1)} & lake(space)
    assert pupil(1) not in str(stored(space, taken, "findings_path"))


def test_a_header_that_may_be_an_identifier_cannot_be_mapped(space: Workspace) -> None:
    refused = send(space, visits(range(3), f"pupil_id,visits,{pupil(7)}"))
    assert pupil(7) not in str(waiting(space))
    with pytest.raises(RcsError, match="no unknown header"):
        accept(space, refused, "yes", columns={pupil(7): "remark"})


def test_dropped_the_mapping_stops_the_next_file_again(space: Workspace) -> None:
    refused = send(space, visits(range(3), DRIFTED))
    number = {item.theirs: item.id for item in _entered(space, refused)}["visit"]
    dropped = drop(space.acting_as("Bea"), number, "It was another column")
    assert (dropped.dropped_by, dropped.drop_reason) == ("Bea", "It was another column")
    assert send(space, visits(range(4), DRIFTED)).state is ReceiptState.REFUSED
    assert waiting(space)[0].proposal.renamed == (("visit", "visits"),)
    with pytest.raises(RcsError, match=f"No mapping {number}"):
        drop(space, number, "again")
    assert {item.theirs: item.dropped_by for item in space.ledger.mappings()} == {
        "visit": "Bea",
        "remarks": None,
    }


def test_where_nothing_is_in_doubt_there_is_nothing_to_accept(space: Workspace) -> None:
    with pytest.raises(NothingToDoError):
        accept(space, send(space, visits(range(3))), "yes")
    assert waiting(space) == []


def test_a_proposal_waits_no_longer_once_a_better_file_came(space: Workspace) -> None:
    send(space, visits(range(3), DRIFTED))
    send(space, visits(range(3)))
    assert waiting(space) == []
