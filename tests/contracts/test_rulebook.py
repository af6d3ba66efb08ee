"""Every rule can be explained: what it says, how bad it is, an example, the remedy, where it applies."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from rcs_pipeline.cli.main import rcs
from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.rulebook import Explained, explain, rulebook

CATALOGUE = load_catalogue()
PERSONS = ("you", "your", "we", "us")
JARGON = ("null", "regex", "sql", "parquet", "boolean", "varchar", "utf-8", "schema")


@pytest.mark.parametrize("rule", rulebook(CATALOGUE), ids=lambda rule: rule.id)
def test_every_rule_says_what_is_wrong_what_to_do_and_gives_an_example(rule: Explained) -> None:
    for words in (rule.name, rule.message, rule.fix, rule.example, rule.meaning):
        assert words.strip()
    assert rule.message[-1] in ".?!>:" and rule.fix[-1] in ".?!", "full sentences"
    assert rule.example[-1] in ".?!", "full sentences"
    spoken = f"{rule.message} {rule.fix}".lower().replace("`", " ").split()
    assert not set(spoken) & set(JARGON)
    assert rule.applies


def test_messages_speak_to_the_reader() -> None:
    common = [f"{entry.message} {entry.fix}".lower() for entry in CATALOGUE.messages.values()]
    spoken = [text for text in common if set(text.replace(".", " ").replace(",", " ").split()) & set(PERSONS)]
    assert len(spoken) > len(common) / 2


def test_a_rule_names_the_columns_it_is_about() -> None:
    applies = dict(explain(CATALOGUE, "rcs-c08").applies)
    assert applies["service_map"] == ("cpp_code",)
    assert dict(explain(CATALOGUE, "RCS-M101").applies) == {"service_map": ("age_from", "age_to")}
    assert dict(explain(CATALOGUE, "RCS-F01").applies)["school_roll"] == ()


def test_an_unknown_rule_is_answered_with_the_nearest() -> None:
    with pytest.raises(RcsError, match="Expected: `RCS-M101`"):
        explain(CATALOGUE, "RCSM101")


def test_the_command_explains_one_and_lists_all() -> None:
    def said(*arguments: str) -> str:
        return CliRunner().invoke(rcs, ["rule", *arguments], standalone_mode=False).output

    assert "What to do: Use one of the codes" in said("RCS-C03")
    listed = said()
    assert all(rule.id in listed for rule in rulebook(CATALOGUE))
    content = json.loads(said("--format", "json"))
    assert len(content["rules"]) == len(rulebook(CATALOGUE))
