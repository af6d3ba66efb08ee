"""Norms: the scores at which relative bands begin, found from everybody scored in the same wave.

Belongs here: one small model for each relative band scheme, and the band it gives a pupil.
Does not belong here: fixed cut-points (see `scoring`).

The weights of each score are added up first; everything else follows from that small table in the order of
the scores, so that it does not depend on the order in which an engine meets the pupils.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.scales import BandScheme, Scale
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import band_column, score_column
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.templates import render


class Columns(Protocol):
    """A layer of the scores, as `scoring` makes it."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Norm:
    """One relative band scheme of one scale."""

    scale: Scale
    scheme: BandScheme

    @property
    def model(self) -> str:
        """The model that holds its cuts."""
        return f"norms_{band_column(self.scale.id, self.scheme.id)}".lower()

    @property
    def within(self) -> tuple[str, ...]:
        """The columns in whose groups it is made, the wave first."""
        return ("wave", *(self.scheme.relative.within if self.scheme.relative else ()))

    @property
    def known(self) -> str:
        """The column that says that somebody was scored in the group."""
        return f"{band_column(self.scale.id, self.scheme.id)}__scored"

    @property
    def cuts(self) -> tuple[tuple[str, float], ...]:
        """The columns in which the second and every further band begins, with where."""
        name = band_column(self.scale.id, self.scheme.id)
        return tuple((f"{name}__cut_{place}", low) for place, low in enumerate(self.scheme.cuts, 1))


def norms_of(catalogue: Catalogue, contract: DeliveryContract) -> tuple[Norm, ...]:
    """The relative band schemes of an instrument."""
    return tuple(
        Norm(scale, scheme)
        for scale in catalogue.scales_of(survey_of(contract).instrument)
        for scheme in scale.band_schemes
        if scheme.relative is not None
    )


def norm_model(norm: Norm, contract: DeliveryContract, layers: Sequence[Columns], source: str) -> str:
    """The text of the model of one norm: one row a group, with the score at which each band begins."""
    relative = norm.scheme.relative
    return render(
        "norms.sql.j2", source, dataset=contract.dataset, layers=layers,
        within=[sql.name(name) for name in norm.within],
        score=sql.name(score_column(norm.scale.id)),
        known=sql.name(norm.known),
        cuts=[(sql.name(name), sql.number(low)) for name, low in norm.cuts],
        by_rank=relative is not None and relative.to == "rank",
    )  # fmt: skip


def relative_band(scale: Scale, scheme: BandScheme) -> str:
    """The branches of a pupil's band: the highest one that has begun at the pupil's score."""
    norm = Norm(scale, scheme)
    score = sql.name(score_column(scale.id))
    cuts = zip(norm.cuts, scheme.bands[1:], strict=True)
    branches = [f"when {score} >= {sql.name(name)} then {sql.text(band.label)}" for (name, _), band in cuts]
    rest = f"when {score} is not null and {sql.name(norm.known)} then {sql.text(scheme.bands[0].label)}"
    return " ".join([*reversed(branches), rest])
