"""Flag before environment before `rcs.toml` before default; nothing unknown passes in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.settings import NAMES, load_settings


def test_the_nearer_setting_wins(tmp_path: Path) -> None:
    def role(flags: dict[str, str | None], environment: dict[str, str]) -> tuple[str, str]:
        settings = load_settings(flags, environment=environment, folder=tmp_path)
        return settings.role, next(item.origin for item in settings.origins if item.name == "role")

    assert role({}, {}) == ("engineer", "default")
    (tmp_path / "rcs.toml").write_text('role = "from file"\n')
    assert role({}, {}) == ("from file", "rcs.toml")
    assert role({}, {"RCS_ROLE": "from environment"}) == ("from environment", "RCS_ROLE")
    assert role({"role": "from flag"}, {"RCS_ROLE": "from environment"}) == ("from flag", "--role")
    assert role({"role": None}, {"RCS_ROLE": ""}) == ("from file", "rcs.toml")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("hme = 'x'\n", "Unknown setting"),
        ("key = 'secret'\n", "Unknown setting"),
        ("home = \n", "not valid TOML"),
        ("threads = 'two'\n", "whole number"),
        ("threads = '²'\n", "whole number"),
        ("threads = -1\n", "whole number"),
        ("home = {a = 1}\n", "`home`"),
        ("role = ['a']\n", "`role`"),
    ],
)
def test_a_broken_settings_file_gets_a_sentence(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "rcs.toml").write_text(content, encoding="utf-8")
    with pytest.raises(RcsError, match=says):
        load_settings(environment={}, folder=tmp_path)


def test_contract_folders_may_be_a_list_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "rcs.toml").write_text("contracts = ['a', 'b']\nthreads = 2\n")
    settings = load_settings(environment={}, folder=tmp_path)
    assert [path.name for path in settings.contracts] == ["a", "b"]
    assert settings.threads == 2
    both = load_settings(environment={"RCS_CONTRACTS": f"c{os.pathsep}d"}, folder=tmp_path)
    assert [path.name for path in both.contracts] == ["c", "d"]


def test_the_ledger_lies_in_the_home_unless_told_otherwise(tmp_path: Path) -> None:
    settings = load_settings({"home": str(tmp_path / "h")}, environment={}, folder=tmp_path)
    assert settings.ledger_url == f"sqlite:///{tmp_path / 'h' / 'ledger.db'}"
    assert settings.name == settings.os_account


def test_the_key_is_no_setting_that_is_shown(tmp_path: Path) -> None:
    settings = load_settings(environment={"RCS_KEY": "very secret"}, folder=tmp_path)
    assert settings.key == b"very secret"
    assert {item.name for item in settings.origins} == set(NAMES)
    assert "very secret" not in str(settings)
