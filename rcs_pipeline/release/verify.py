"""Are the releases on disk still what was published?

Belongs here: every release folder against the ledger's hash, every pointer against the ledger.
Does not belong here: mending anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from rcs_pipeline.contracts.audiences import by_kind
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.records import ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import audience_folder, current, release_folder, verify


@dataclass(frozen=True)
class Verified:
    """One release folder or pointer, or those of many places, and what is wrong; empty if nothing is."""

    what: str
    problem: str = ""


def verified(workspace: Workspace) -> Iterator[Verified]:
    """Read every byte of every release; the flipped one is found.

    Of places of one kind those that are well are counted, so that one that is not is seen among hundreds.
    """
    products = (path.name for path in sorted(workspace.paths.releases.iterdir()) if path.is_dir())
    for product in dict.fromkeys([*workspace.catalogue.products, *products]):
        releases = workspace.ledger.releases(product)
        for release in releases:
            looks = {
                audience: partial(
                    verify, release_folder(workspace, product, audience, release.version), digest
                )
                for audience, digest in release.hashes.items()
            }
            yield from _all(f"release {product} {release.version}", looks)
        known = {release.version: release for release in releases}
        standing = _standing(workspace, product, known)
        audiences = dict.fromkeys(name for release in releases for name in release.audiences)
        pointers = {
            audience: partial(_point, workspace, product, audience, known, standing) for audience in audiences
        }
        yield from _all(f"pointer {product}", pointers)


def _all(what: str, looks: Mapping[str, Callable[[], object]]) -> Iterator[Verified]:
    """One line for each audience, and for the places of a kind that are well together."""
    for kind, names in by_kind(looks).items():
        found = [_checked(f"{what} {name}", looks[name]) for name in names]
        well = [item for item in found if not item.problem]
        yield from (item for item in found if item.problem or names == (kind,))
        if well and names != (kind,):
            yield Verified(f"{what} {kind}, {len(well):,} places")


def _standing(workspace: Workspace, product: str, known: dict[str, ReleaseRecord]) -> ReleaseRecord | None:
    """The release that the first readable pointer of a product names: all of them name the same."""
    for audience in dict.fromkeys(name for release in known.values() for name in release.audiences):
        with suppress(RcsError):
            pointer = current(workspace, product, audience)
            if pointer is not None and pointer.version in known:
                return known[pointer.version]
    return None


def _point(
    workspace: Workspace,
    product: str,
    audience: str,
    known: dict[str, ReleaseRecord],
    standing: ReleaseRecord | None,
) -> None:
    pointer = current(workspace, product, audience)
    where = str(audience_folder(workspace, product, audience))
    usable = [item for item in known.values() if item.status is not ReleaseStatus.WITHDRAWN]
    if pointer is None:
        # A place that the current release has nothing for has no pointer any more.
        if usable and (standing is None or audience in standing.hashes):
            raise RcsError("There is no pointer, and there is a release", where=where)
        return
    release = known.get(pointer.version)
    if release is None or release.hashes.get(audience) != pointer.hash:
        raise RcsError(f"The pointer names {pointer.version}, which the ledger does not know so", where=where)
    if release.status is ReleaseStatus.WITHDRAWN:
        raise RcsError(f"The pointer names {pointer.version}, which was withdrawn", where=where)


def _checked(what: str, look: Callable[[], object]) -> Verified:
    try:
        look()
    except (RcsError, OSError) as error:
        return Verified(what, str(error))
    return Verified(what)
