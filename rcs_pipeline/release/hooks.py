"""Handing a message to the outside: the command and the webhook of the settings.

Belongs here: starting the one, posting to the other, and what went wrong in a few words.
Does not belong here: what is said (see `notices` and `alerts`), trying again.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib import request
from urllib.parse import urlsplit

from rcs_pipeline.ledger.settings import Settings
from rcs_pipeline.release.pointer import as_json

SECONDS = 20
OFTEN_ENOUGH = 3


def hand_over(settings: Settings, message: Mapping[str, Any]) -> list[str]:
    """Give a message, as JSON, to every hook that is set; returns what went wrong with which.

    Nothing is raised: what happened has happened, whoever hears of it, and no hook may stop a withdrawal.
    """
    problems: list[str] = []
    for name, send in (("command", _run), ("webhook", _post)):
        target = getattr(settings, f"notify_{name}")
        if target:
            try:
                problem = send(target, as_json(dict(message)).encode())
            except Exception as error:  # what nobody foresaw is a problem of this hook and of nothing else
                problem = type(error).__name__
            problems += [f"{name}: {problem}"] if problem else []
    return problems


def _run(command: str, body: bytes) -> str:
    """Give the message to a command on its standard input; returns what went wrong."""
    try:
        done = subprocess.run(
            shlex.split(command), input=body, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    return "" if done.returncode == 0 else f"ended with {done.returncode}"


def _post(address: str, body: bytes) -> str:
    """Post the message as JSON; returns what went wrong, without the address, which may hold a secret."""
    try:
        if urlsplit(address).scheme not in ("http", "https"):
            return "the address is neither http nor https"
        headers = {"Content-Type": "application/json"}
        asked = request.Request(address, data=body, headers=headers, method="POST")  # noqa: S310
        with request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310  (the scheme is checked above)
            answer.read(1)
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    except (ValueError, InvalidURL):
        return "the address is malformed"
    except HTTPException as error:
        # Nor what a stranger answered.
        return f"the answer is not HTTP ({type(error).__name__})"
    return ""
