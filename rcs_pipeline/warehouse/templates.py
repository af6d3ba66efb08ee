"""Rendering: values in, the text of a dbt file out.

Belongs here: the template environment and the header that every generated file carries.
Does not belong here: what the values are.

Templates use `[[ ]]` and `[% %]`, so that dbt's own `{{ }}` passes through them untouched.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from rcs_pipeline.warehouse import sql

if TYPE_CHECKING:
    from jinja2 import Environment

COMMAND = "make generate"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rcs_pipeline.warehouse", "templates"),
        block_start_string="[%", block_end_string="%]",
        variable_start_string="[[", variable_end_string="]]",
        comment_start_string="[#", comment_end_string="#]",
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"name": sql.name, "text": sql.text, "string": _string}
    return environment


def _string(value: str) -> str:
    """A text literal of dbt's Jinja."""
    return json.dumps(value, ensure_ascii=False) if "'" in value else f"'{value}'"


def header(source: str, mark: str = "--") -> str:
    """The line that says where a generated file comes from and how to make it again."""
    return f"{mark} Generated from {source} by `{COMMAND}`. Do not edit: change the contract.\n"


def render(template: str, source: str, **values: Any) -> str:
    """The text of a generated SQL file."""
    return header(source) + _environment().get_template(template).render(**values)
