"""Reading YAML safely and saying where a mistake is.

Belongs here: the parser, duplicate-key detection, and turning validation errors into sentences.
Does not belong here: what any particular file means.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from rcs_pipeline.contracts.errors import ContractError

SAID = {"extra_forbidden": "this key is not known", "missing": "this key is missing"}

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A frozen record that refuses unknown keys, so that a mistyped key never switches a rule off."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _UniqueKeyLoader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML keeps the last of two equal keys in silence; a contract must not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            # YAML reads `no:` as False, which is never the code that its writer meant.
            if isinstance(key, bool) or not isinstance(key, str | int):
                problem = (
                    f"the key {key!r} is neither a word nor a whole number (in quotation marks it is a word)"
                )
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ContractError: the file cannot be read, is not YAML, or holds something else than a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506  (a SafeLoader subclass)
    except UnicodeDecodeError as error:
        raise ContractError(
            "The file is not UTF-8 text", where=str(path), todo="Save it as UTF-8."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error)
        raise ContractError(
            f"This is not valid YAML: {problem}", where=place, todo="Mend that line."
        ) from error
    except OSError as error:
        raise ContractError(f"The file cannot be read: {error.strerror}", where=str(path)) from error
    if not isinstance(content, dict):
        raise ContractError(
            f"The file holds {type(content).__name__}, not a mapping",
            where=str(path),
            expected="`key: value` lines at the top level",
        )
    return content


def parse(model: type[Model], content: Any, where: str) -> Model:
    """Validate `content` as `model`.

    Raises:
        ContractError: names every offending key, with what was expected of it.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ContractError(
            explain(error), where=where, todo="Mend the file and run the command again."
        ) from error


def explain(error: ValidationError) -> str:
    """The problems of a pydantic error, as one readable line."""
    items = error.errors()
    places = {item["loc"] for item in items}
    problems = []
    for item in items:
        loc = item["loc"]
        # What holds a wrong entry counts as short of it: that says nothing of its own.
        if item["type"] == "too_short" and any(other[: len(loc)] == loc != other for other in places):
            continue
        place = ".".join(str(part) for part in loc) or "the file"
        problems.append(f"`{place}`: {SAID.get(item['type'], item['msg'].removeprefix('Value error, '))}")
    return "; ".join(problems)
