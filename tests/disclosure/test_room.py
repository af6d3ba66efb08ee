"""Whoever enters the room finds every module on its map, and the attack beside the choice, not within it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rcs_pipeline import disclosure

MAP = str(disclosure.__doc__)
MODULES = sorted(
    path.stem for path in Path(str(disclosure.__file__)).parent.glob("*.py") if path.stem != "__init__"
)
# What the attack may read of this room: itself, and what the map says that both read.
SHARED = ("engine", "earlier")


def test_the_map_names_every_module_once() -> None:
    listed = re.findall(r"^ {4}(\S.*?) {2}", MAP, re.MULTILINE)
    assert sorted(name for several in listed for name in re.findall(r"\w+", several)) == MODULES


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(("audit", "attack"))])
def test_the_attack_shares_no_code_with_the_choice(module: str) -> None:
    text = (Path(str(disclosure.__file__)).parent / f"{module}.py").read_text(encoding="utf-8")
    named = set(re.findall(r"rcs_pipeline\.disclosure\.(\w+)", text))
    for listed in re.findall(r"from rcs_pipeline\.disclosure import (.+)", text):
        named |= set(listed.split(", "))
    assert {name for name in named if not name.startswith(("audit", "attack"))} <= set(SHARED)
