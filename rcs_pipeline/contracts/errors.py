"""Errors as sentences, with the exit code that the command line returns for them.

Belongs here: the exception types that every room raises for what a user can cause.
Does not belong here: findings about rows of a delivery (they are data, see `intake`).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a finished command tells the shell."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    WAITING = 3
    NOTHING_TO_DO = 4
    LOCKED = 5


class RcsError(Exception):
    """Something a person can mend, said in full sentences.

    Args:
        found: what was found.
        where: the file, table or command it was found in.
        expected: what was expected instead.
        todo: what to do about it.
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, found: str, *, where: str = "", expected: str = "", todo: str = "") -> None:
        self.found, self.where, self.expected, self.todo = found, where, expected, todo
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"Expected: {self.expected}")
        if self.todo:
            parts.append(f"To do: {self.todo}")
        return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)


class ContractError(RcsError):
    """A contract, measure or register file that cannot be used as it is."""


class RefusedError(RcsError):
    """The tool worked; the data or the gate says no."""

    exit_code = ExitCode.FINDINGS


class WaitingError(RcsError):
    """A person has to approve first."""

    exit_code = ExitCode.WAITING


class NothingToDoError(RcsError):
    """The world already is as it was asked to be."""

    exit_code = ExitCode.NOTHING_TO_DO


class LockedError(RcsError):
    """Another process is writing."""

    exit_code = ExitCode.LOCKED
