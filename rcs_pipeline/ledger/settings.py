"""Settings: flag before environment before `rcs.toml` before default.

Belongs here: the few things an operator may set. Does not belong here: anything a contract can say.
"""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError

NAMES = {
    "home": ("RCS_HOME", "rcs_home"),
    "ledger_url": ("RCS_LEDGER_URL", ""),
    "key_file": ("RCS_KEY_FILE", ""),
    "name": ("RCS_NAME", ""),
    "role": ("RCS_ROLE", "engineer"),
    "contracts": ("RCS_CONTRACTS", ""),
    "threads": ("RCS_THREADS", ""),
    "notify_command": ("RCS_NOTIFY_COMMAND", ""),
    "notify_webhook": ("RCS_NOTIFY_WEBHOOK", ""),
    "publish_url": ("RCS_PUBLISH_URL", ""),
}
FLAGS = {"name": "--as"}
SECRET_KEY = "RCS_KEY"  # noqa: S105  (the name of the variable, not its content)
SETTINGS_FILE = "rcs.toml"


@dataclass(frozen=True)
class Setting:
    """One setting and where its value came from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Settings:
    """What the operator set.

    `name` is who the operator claims to be; `os_account` is who the operating system says it is.
    `notify_command` and `notify_webhook` take the notice of a release, as JSON. `publish_url` is the
    PostgreSQL database that releases are also written into.
    """

    home: Path
    ledger_url: str
    key_file: Path | None
    key: bytes | None = field(repr=False)
    name: str
    os_account: str
    role: str
    contracts: tuple[Path, ...]
    threads: int | None
    notify_command: str
    notify_webhook: str
    publish_url: str = field(repr=False)
    origins: tuple[Setting, ...]


def load_settings(
    flags: Mapping[str, str | None] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Resolve every setting.

    Args:
        flags: values given on the command line, by setting name.
        environment: defaults to the process environment.
        folder: where `rcs.toml` is looked for; defaults to the working directory.

    Raises:
        RcsError: `rcs.toml` is broken or names an unknown setting, or `threads` is no number.
    """
    environment = os.environ if environment is None else environment
    file = _settings_file((folder or Path.cwd()) / SETTINGS_FILE)
    chosen = {name: _resolve(name, flags or {}, environment, file) for name in NAMES}
    home = Path(chosen["home"].value).expanduser().resolve()
    threads = chosen["threads"].value
    if threads and not (threads.isascii() and threads.isdigit()):
        raise RcsError(f"`threads` is {threads!r}", where=chosen["threads"].origin, expected="a whole number")
    account = _os_account()
    key = environment.get(SECRET_KEY)
    return Settings(
        home=home,
        ledger_url=chosen["ledger_url"].value or f"sqlite:///{home / 'ledger.db'}",
        key_file=Path(chosen["key_file"].value).expanduser() if chosen["key_file"].value else None,
        key=key.encode() if key else None,
        name=chosen["name"].value or account,
        os_account=account,
        role=chosen["role"].value,
        contracts=tuple(Path(part).resolve() for part in chosen["contracts"].value.split(os.pathsep) if part),
        threads=int(threads) if threads else None,
        notify_command=chosen["notify_command"].value,
        notify_webhook=chosen["notify_webhook"].value,
        publish_url=chosen["publish_url"].value,
        origins=tuple(chosen.values()),
    )


def _resolve(
    name: str, flags: Mapping[str, str | None], environment: Mapping[str, str], file: dict[str, str]
) -> Setting:
    variable, default = NAMES[name]
    if flags.get(name):
        return Setting(name, str(flags[name]), FLAGS.get(name, f"--{name.replace('_', '-')}"))
    if environment.get(variable):
        return Setting(name, environment[variable], variable)
    if name in file:
        return Setting(name, file[name], SETTINGS_FILE)
    return Setting(name, default, "default")


def _settings_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RcsError(
            f"The file is not valid TOML: {error}", where=str(path), todo="Mend that line."
        ) from error
    unknown = sorted(set(content) - set(NAMES))
    if unknown:
        raise RcsError(
            f"Unknown setting(s): {', '.join(unknown)}", where=str(path), expected=", ".join(sorted(NAMES))
        )
    return {name: _text(name, value, path) for name, value in content.items()}


def _text(name: str, value: object, path: Path) -> str:
    if name == "contracts" and isinstance(value, list):
        return os.pathsep.join(str(item) for item in value)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise RcsError(f"The setting `{name}` is {value!r}", where=str(path), expected="a text or a number")


def _os_account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
