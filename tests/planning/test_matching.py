"""Matching with the real register: known answers, decisions that stay, and 5,000 services eight times."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from time import perf_counter

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.contracts.matching import RegisteredService, care_register, matching_rules
from rcs_pipeline.planning.matching import How, MappedService, matched, normal
from rcs_pipeline.planning.register import beside, compare, decide, drop, store
from tests.warehouse.lakes import land, workspace

RULES = matching_rules()
AS_OF, REGISTER = care_register()
HERE = "t1-clackmannanshire-2015"
OTHERS = (
    "School counselling",
    "Nurture base",
    "Family support",
    "Breakfast club",
    "Youth club",
    "Nursery places",
)


def entry(
    number: str, name: str, provider: str = "", town: str = "Alloa", places: int = 20
) -> RegisteredService:
    return RegisteredService(number, name, provider, town, "Day Care of Children", "Clackmannanshire", places)


def service(
    key: str, name: str, provider: str = "", town: str = "", number: str | None = None, capacity: int = 20
) -> MappedService:
    return MappedService(key, name, provider, town, "early_learning", number, capacity)


def as_typed(item: RegisteredService, number: int, chance: random.Random) -> MappedService:
    """An entry as somebody might write it into a map: shouted, shortened, mistyped, turned round."""
    name, kind = item.name, chance.random()
    if kind < 0.2:
        name = name.upper()
    elif kind < 0.4:
        name = name.replace("Out of School Care", "OOSC").replace(" and ", " & ")
    elif kind < 0.6 and len(name) > 6:
        place = chance.randrange(2, len(name) - 2)
        name = name[:place] + name[place + 1 :]
    elif kind < 0.8:
        name = f"{name} {item.town}"
    town = item.town if chance.random() < 0.8 else ""
    provider = item.provider.replace("Ltd", "Limited").replace("The ", "")
    return service(f"S{number}", name, provider, town, capacity=item.places or 0)


def test_the_register_is_the_published_one() -> None:
    assert (len(REGISTER), AS_OF.isoformat()) == (929, "2019-06-30")
    assert Counter(item.council for item in REGISTER)["Clackmannanshire"] == 29
    assert sum(item.provider == "" for item in REGISTER) == 154


def test_a_map_made_from_the_register_is_found_again_and_nothing_else_is_taken_for_sure() -> None:
    chance = random.Random(3)  # noqa: S311
    typed = sure = wrong = doubtful = 0
    for council in sorted({item.council for item in REGISTER}):
        entries = [item for item in REGISTER if item.council == council]
        kept = [item for item in entries if chance.random() < 0.7]
        services = [as_typed(item, number, chance) for number, item in enumerate(kept)]
        truth = {f"S{number}": item.number for number, item in enumerate(kept)}
        services += [service(f"X{number}", f"{OTHERS[number % 6]} {number}") for number in range(30)]
        typed += len(kept)
        for pair in matched(services, entries, RULES):
            right = truth.get(pair.service.service_id) == pair.entry.number
            sure += pair.how is How.SURE and right
            doubtful += pair.how is How.REVIEW and right
            wrong += pair.how is How.SURE and not right
    assert wrong == 0
    assert sure > 0.8 * typed
    assert sure + doubtful > 0.97 * typed


def test_names_are_compared_without_what_says_nothing() -> None:
    assert normal("The A.B.C. Nursery (Alloa) Ltd", RULES) == "abc nursery alloa"
    assert normal("Bo'ness & District Out of School Care", RULES) == "boness and district oosc"
    assert normal("The Trust Ltd", RULES) == "the trust ltd"


def test_a_number_of_the_register_is_enough_and_a_word_of_a_person_comes_first() -> None:
    entries = [entry("CS0000000001", "Sunny Nursery"), entry("CS0000000002", "Moon Playgroup")]
    services = [
        service("A", "Something else entirely", number="CS0000000001"),
        service("B", "Moon Playgroup"),
    ]
    first = matched(services, entries, RULES)[0]
    assert (first.service.service_id, first.entry.number, first.how) == ("A", "CS0000000001", How.NUMBER)
    said = matched(services, entries, RULES, accepted=[("A", "CS0000000002")])
    assert [(pair.service.service_id, pair.entry.number, pair.how) for pair in said] == [
        ("A", "CS0000000002", How.DECIDED)
    ]
    denied = matched(services, entries, RULES, rejected=[("A", "CS0000000001"), ("B", "CS0000000002")])
    assert denied == ()


def test_a_name_alone_and_two_that_are_too_alike_wait_for_a_person() -> None:
    alone = matched([service("A", "Sunny Nursery")], [entry("CS0000000001", "Sunny Nursery")], RULES)
    assert [pair.how for pair in alone] == [How.REVIEW]
    twins = [entry("CS0000000001", "Happy Days Nursery"), entry("CS0000000002", "Happy Days Nursery")]
    (pair,) = matched([service("A", "Happy Days Nursery", town="Alloa")], twins, RULES)
    assert (pair.how, pair.entry.number) == (How.REVIEW, "CS0000000001")
    (pair,) = matched([service("A", "Happy Days Nursery", town="Alloa")], twins[:1], RULES)
    assert pair.how is How.SURE


def test_another_town_is_not_the_same() -> None:
    found = matched(
        [service("A", "Sunny Nursery", "Sunny Care", "Tillicoultry")],
        [entry("CS0000000001", "Sunny Nursery", "Moon Care", "Alloa")], RULES,
    )  # fmt: skip
    assert all(pair.how is not How.SURE for pair in found)


@pytest.fixture
def space(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Four services: two of the register (one with other places), one like another, one of no such kind."""
    made = workspace(tmp_path)
    contract = made.catalogue.delivery("service_map")
    given = {
        "service_id": "id", "service_name": "name", "provider": "who", "town": "town", "need_type": "need",
        "capacity": "places", "source_row": "row_number() over (order by id)",
    }  # fmt: skip
    from rcs_pipeline.warehouse.lake import lake_columns

    columns = ", ".join(f"{given.get(item.name, 'null')} as {item.name}" for item in lake_columns(contract))
    land(
        made, "service_map", HERE,
        f"""select {columns} from (values
            ('S1', 'ABC NURSERY', 'Clackmannanshire Council', 'Alloa', 'early_learning', 88),
            ('S2', 'Alva Play Pals Out of School Care', null, 'Alva', 'early_learning', 60),
            ('S3', 'New Struan', null, null, 'disability', 17),
            ('S4', 'School counselling', 'NHS', null, 'mental_health', null))
            as t(id, name, who, town, need, places)""",
    )  # fmt: skip
    return made


def test_the_tables_of_a_map_beside_the_real_register(space, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = compare(space, HERE)
    tables = {table.name: table for table in found.tables()}
    assert len(found.entries) == 29
    assert {row[0]: row[2] for row in tables["matched"].rows} == {"S1": "CS2003011437", "S2": "CS2003003345"}
    assert [row[0] for row in tables["review"].rows] == ["S3"]
    assert tables["places_differ"].rows == (
        ("S2", "Alva Play Pals Out of School Care", "CS2003003345", 60, 30),
    )
    assert len(tables["registered_not_mapped"].rows) == 27
    perhaps = {row[0]: row[-1] for row in tables["registered_not_mapped"].rows}
    assert perhaps["CS2003011477"] == "S3"
    assert [(row[0], row[5]) for row in tables["mapped_not_registered"].rows] == [("S3", "no"), ("S4", "no")]
    written = store(space, found)
    assert {path.stem for path in written} == set(tables)


def test_decisions_are_remembered_changed_and_taken_back(space) -> None:  # type: ignore[no-untyped-def]
    decide(space, HERE, "S3", "CS2003011477", "yes", "the same building")
    assert {pair.service.service_id for pair in compare(space, HERE).same} == {"S1", "S2", "S3"}
    with pytest.raises(NothingToDoError):
        decide(space, HERE, "S3", "CS2003011477", "yes", "again")
    decide(space, HERE, "S3", "CS2003011477", "no", "it closed")
    found = compare(space, HERE)
    assert "S3" not in {pair.service.service_id for pair in found.pairs}
    (standing,) = [item for item in space.ledger.match_decisions() if item.dropped_at is None]
    drop(space, standing.id, "a slip")
    assert [pair.service.service_id for pair in compare(space, HERE).review] == ["S3"]
    assert [item.action for item in space.ledger.events()][-3:] == [
        "register.decide", "register.decide", "register.drop",
    ]  # fmt: skip


def test_what_is_not_there_is_said(space) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RcsError, match="No map"):
        compare(space, "t2-falkirk-2016")
    with pytest.raises(RcsError, match="S3"):
        decide(space, HERE, "S33", "CS2003011477", "yes", "x")
    with pytest.raises(RcsError, match="entry in the register"):
        decide(space, HERE, "S3", "CS9999999999", "yes", "x")


def test_eight_maps_of_five_thousand_services_are_matched_in_time(space) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(5)  # noqa: S311
    start = perf_counter()
    for cpp in space.catalogue.register.cpps:
        entries = [item for item in REGISTER if item.council.replace("&", "and") == cpp.name]
        services = [as_typed(item, number, chance) for number, item in enumerate(entries)]
        services += [
            service(f"X{number}", f"{OTHERS[number % 6]} {number}", f"Charity {number % 40}", "Alloa")
            for number in range(5_000 - len(services))
        ]
        found = beside(space, HERE, cpp, services)
        assert len(found.same) > 0.6 * len(entries)
    assert perf_counter() - start < 30
