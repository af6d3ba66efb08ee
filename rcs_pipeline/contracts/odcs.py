"""The Open Data Contract Standard: reading one file of it, strictly.

Belongs here: the check against the standard's own JSON schema, and access to the `rcs` custom
property in which our extensions live.
Does not belong here: the meaning of those extensions (see `delivery` and `product`).

The models of the standard's package drop unknown keys below the top level without a word, so every
file is checked against the packaged `schema.json` first.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.yaml_files import Model, parse, read_yaml

if TYPE_CHECKING:
    from jsonschema_rs import Validator
    from open_data_contract_standard.model import OpenDataContractStandard

API_VERSION = "v3.1.0"
EXTENSION = "rcs"


@cache
def _validator() -> Validator:
    import jsonschema_rs

    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    validator: Validator = jsonschema_rs.validator_for(json.loads(text))
    return validator


def read_contract(path: Path) -> OpenDataContractStandard:
    """The contract in `path`, checked against the standard's schema before it is loaded.

    Raises:
        ContractError: with the place inside the file and what the standard expects there.
    """
    from open_data_contract_standard.model import OpenDataContractStandard

    content = read_yaml(path)
    try:
        problems = sorted(
            _validator().iter_errors(content), key=lambda error: list(map(str, error.instance_path))
        )
    except ValueError as error:  # a key such as `1:` where the standard has names only
        raise ContractError(
            f"The file has a mapping that the Open Data Contract Standard cannot hold: {error}",
            where=str(path),
            expected="names as keys; numbers are keys in code lists only",
        ) from error
    if problems:
        first = problems[0]
        place = ".".join(str(part) for part in first.instance_path) or "top level"
        raise ContractError(
            f"`{place}` breaks the Open Data Contract Standard: {first.message[:300]}",
            where=str(path),
            todo=f"Mend it; {len(problems)} problem(s) in all.",
        )
    if content["apiVersion"] != API_VERSION:
        raise ContractError(
            f"`apiVersion` is {content['apiVersion']}", where=str(path), expected=f"`{API_VERSION}`"
        )
    if len(content.get("schema") or []) != 1:
        raise ContractError(
            f"`schema` holds {len(content.get('schema') or [])} tables",
            where=str(path),
            expected="exactly one",
        )
    return parse(OpenDataContractStandard, content, str(path))


def extension(model: type[Model], custom_properties: Any, where: str) -> Model:
    """Our typed extension of a table, column or rule; the model's defaults where there is none.

    Raises:
        ContractError: a custom property other than `rcs`, or an unknown key inside it.
    """
    value: Any = {}
    for item in custom_properties or []:
        if item.property != EXTENSION:
            raise ContractError(
                f"The custom property `{item.property}` is not known",
                where=where,
                expected=f"only `{EXTENSION}`",
            )
        value = item.value
    return parse(model, value, where)
