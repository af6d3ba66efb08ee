"""Which words of a name say nothing is data, and a list that could not work is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.delivery_files import read_delivery
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.one_name import OneName
from rcs_pipeline.contracts.rulebook import explain

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    "lists",
    [{"after": ["Ltd"]}, {"after": ["c.i.c."]}, {"before": [""]}, {"before": ["thé"]},
     {"instead": {"and": "and"}}, {"instead": {"a": "b"}}, {"instead": {"&": " "}}, {"afterwards": ["ltd"]}],
)  # fmt: skip
def test_a_word_that_no_name_could_have_is_refused(lists: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OneName.model_validate(lists)


@pytest.mark.parametrize("column", ["gross_actual", "lead_partner"])
def test_only_a_column_of_names_has_one(tmp_path: Path, column: str) -> None:
    written = CATALOGUE.delivery("service_map").path.read_text(encoding="utf-8")
    head = f"      - name: {column}\n"
    at = written.index(head)
    end = written.index("      - name: ", at + len(head))
    own = written[at:end]
    entry = "one_name: {before: [the]}"
    if "value: {" in own:
        own = own.replace("value: {", f"value: {{{entry}, ")
    else:
        own += f"        customProperties: [{{property: rcs, value: {{{entry}}}}}]\n"
    file = tmp_path / "service_map.odcs.yaml"
    file.write_text(written[:at] + own + written[end:], encoding="utf-8")
    with pytest.raises(ContractError, match=f"`{column}` holds no names"):
        read_delivery(file)


def test_the_rule_says_which_columns_hold_names() -> None:
    assert explain(CATALOGUE, "RCS-C15").applies == (("service_map", ("provider",)),)
