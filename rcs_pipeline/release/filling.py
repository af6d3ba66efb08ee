"""Filling the folders of a publication: the releases of all audiences, on two cores where they are many.

Belongs here: which releases are filled where, and in which order.
Does not belong here: what is in a folder (see `folder`), when it is named (see `publish`).

A release that includes another one takes its files and is filled after it, in this process. Hundreds that
need nobody else's are shared with a second process. The bytes do not depend on who writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.audiences import kind_of
from rcs_pipeline.ledger.paths import FEW, flush_everything
from rcs_pipeline.ledger.second_process import SideBySide
from rcs_pipeline.release.draft import Draft
from rcs_pipeline.release.folder import PageWriter, Source, source_of, verdicts_of_places, write_release

MANY = 100  # starting a second process costs as much as some fifty small releases
AT_ONCE = 20


@dataclass(frozen=True)
class Filling:
    """A release to be filled: its empty folder, and the changelog of the release before."""

    folder: Path
    draft: Draft
    earlier: str | None


@dataclass(frozen=True)
class _Share:
    """Releases that one process fills in one go."""

    fillings: tuple[Filling, ...]
    protected: Path
    pages: PageWriter
    flushed: bool
    verdicts: Mapping[str, str]


def pays(releases: int) -> bool:
    """Whether a second process pays for so many releases."""
    return releases >= MANY


def get_ready() -> None:
    """Import what filling needs, in a process that waits for it."""
    import duckdb  # noqa: F401
    import jinja2  # noqa: F401


def fill(
    fillings: Sequence[Filling],
    protected: Path,
    pages: PageWriter,
    second: ProcessPoolExecutor | None = None,
) -> dict[str, str]:
    """Fill every folder; gives the sha256 of the SHA256SUMS of each audience.

    Args:
        fillings: the releases, those that are included before those that include them.
        protected: the folder of the candidate's protected tables.
        pages: a function of a module that writes the pages.
        second: the second process, where it was started before.

    Raises:
        RefusedError: the candidate lacks a table or column that the contract promises.
    """
    few = len(fillings) <= FEW
    alone = [item for item in fillings if _needs_nobody(item.draft)]
    others = [item for item in fillings if not _needs_nobody(item.draft)]
    verdicts = {kind_of(item.draft.audience): verdicts_of_places(item.draft) for item in _one_a_kind(alone)}
    shares = [_Share(part, protected, pages, few, verdicts) for part in _parts(alone)]
    made = {item.draft.audience: item.folder for item in fillings}
    with SideBySide(_fill_share, shares, worth=pays(len(alone)), second=second) as beside:
        with source_of(protected, made) as source:
            hashes = _fill(others, source, pages, flushed=few)
        for share in beside.results():
            hashes |= share
    if not few:
        flush_everything()
    return {item.draft.audience: hashes[item.draft.audience] for item in fillings}


def _needs_nobody(draft: Draft) -> bool:
    """Whether a release is one place's of many, and holds nothing but tables of its own."""
    policy = draft.product.audience(draft.audience)
    return policy.each is not None and not policy.includes


def _one_a_kind(fillings: Sequence[Filling]) -> Iterable[Filling]:
    return {kind_of(item.draft.audience): item for item in fillings}.values()


def _parts(fillings: Sequence[Filling]) -> Iterator[tuple[Filling, ...]]:
    for start in range(0, len(fillings), AT_ONCE):
        yield tuple(fillings[start : start + AT_ONCE])


def _fill_share(share: _Share) -> dict[str, str]:
    with source_of(share.protected, {}, share.verdicts) as source:
        return _fill(share.fillings, source, share.pages, flushed=share.flushed)


def _fill(fillings: Sequence[Filling], source: Source, pages: PageWriter, *, flushed: bool) -> dict[str, str]:
    hashes = {}
    for item in fillings:
        hashes[item.draft.audience] = write_release(
            item.folder, item.draft, source, item.earlier, pages, flushed=flushed
        )
    return hashes
