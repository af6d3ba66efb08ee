"""Answers: codes drawn so that published shares come out, schools differ and answers hang together.

Behind every answer stands a normal number: the pupil's distress, the school's part, and chance, of
variance 1 in all. Thresholds cut it into codes; a shift for stage, sex and deprivation moves the share
above the threshold that counts.

Belongs here: drawing codes and the kinds of missing answers.
Does not belong here: the figures themselves (data_contracts/demo/calibration.yaml).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rcs_pipeline.contracts.calibration import InstrumentCalibration, ItemTarget, ScoreTarget, Target
from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.contracts.vocabulary import MissingKind
from rcs_pipeline.demo.frame import QUINTILES
from rcs_pipeline.demo.pupils import Pupils

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

STANDARD = NormalDist()
SEXES = ("female", "male")


@dataclass(frozen=True)
class Room:
    """What every draw of one file shares."""

    pupils: Pupils
    stages: tuple[str, ...]
    schools: int
    school_variance: float
    distress: Floats
    cell: Codes
    rng: np.random.Generator

    def latent(self, target: Target, base_share: float) -> Floats:
        """The normal number behind an answer whose base share lies above the threshold."""
        school = self.rng.standard_normal(self.schools) * self.school_variance**0.5
        chance = (1 - target.loading**2 - self.school_variance) ** 0.5
        return (
            _shifts(target, base_share, self.stages)[self.cell]
            + target.loading * self.distress
            + school[self.pupils.school]
            + chance * self.rng.standard_normal(len(self.pupils))
        )


def draw_answers(
    pupils: Pupils, stages: tuple[str, ...], schools: int, version: NDArray[np.str_], catalogue: Catalogue,
    contract: DeliveryContract, calibration: InstrumentCalibration, school_variance: float,
    rng: np.random.Generator,
) -> dict[str, Codes]:  # fmt: skip
    """One column of codes for each question of the contract that the calibration knows."""
    room = Room(
        pupils=pupils,
        stages=stages,
        schools=schools,
        school_variance=school_variance / 100,
        distress=rng.standard_normal(len(pupils)),
        cell=(pupils.stage * len(SEXES) + pupils.sex) * QUINTILES + pupils.quintile,
        rng=rng,
    )
    answers: dict[str, Codes] = {}
    for score in calibration.scores:
        scale = catalogue.scales[score.scale]
        for name, codes in _take_apart(scale, _score(room, score, scale), rng).items():
            answers[name] = _leave_out(codes, score, contract.column(name), calibration, rng)
    for item in calibration.items:
        for name in item.names:
            column = contract.column(name)
            answers[name] = _leave_out(_item(room, item, column), item, column, calibration, rng)
    _route(answers, contract, calibration)
    _not_asked(answers, pupils, stages, version, contract, calibration)
    return answers


def _item(room: Room, target: ItemTarget, column: Column) -> Codes:
    codes = _code_values(column)
    shares = np.array(target.codes) / 100
    base = float(shares[codes >= target.at_least].sum())
    thresholds = [STANDARD.inv_cdf(float(share)) for share in np.cumsum(shares)[:-1]]
    return codes[np.searchsorted(thresholds, room.latent(target, base), side="right")]


def _score(room: Room, target: ScoreTarget, scale: Scale) -> Codes:
    low, high = len(scale.items) * scale.item_minimum, len(scale.items) * scale.item_maximum
    shares = _cell_shares(target, room.stages)
    base = float(shares.mean())
    mean = target.at_least - 0.5 - target.sd * STANDARD.inv_cdf(1 - base)
    return np.rint(mean + target.sd * room.latent(target, base)).clip(low, high).astype(np.int64)


def _take_apart(scale: Scale, scores: Codes, rng: np.random.Generator) -> dict[str, Codes]:
    """Answers that add up to the scores, each way of adding up as likely as another."""
    low, high = scale.item_minimum, scale.item_maximum
    ways = np.array(list(product(range(low, high + 1), repeat=len(scale.items))))
    sums = ways.sum(axis=1)
    ways = ways[np.argsort(sums, kind="stable")]
    counts = np.bincount(sums)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    chosen = ways[starts[scores] + (rng.random(len(scores)) * counts[scores]).astype(np.int64)]
    return {
        name: low + high - chosen[:, index] if name in scale.reversed_items else chosen[:, index]
        for index, name in enumerate(scale.items)
    }


def _cell_shares(target: Target, stages: tuple[str, ...]) -> Floats:
    """The share at or above the answer by stage, sex and quintile, before the log-odds are moved."""
    shares = np.empty((len(stages), len(SEXES), QUINTILES))
    for row, stage in enumerate(stages):
        for column, sex in enumerate(SEXES):
            by_sex = target.sex_stage.get(sex, {}) if target.sex_stage else {}  # type: ignore[call-overload]
            shares[row, column] = by_sex.get(stage, target.stage.get(stage, target.share or 0.0)) / 100
    return shares


def _shifts(target: Target, base_share: float, stages: tuple[str, ...]) -> Floats:
    shares = _cell_shares(target, stages)
    shares[shares == 0] = base_share
    odds = np.log(shares / (1 - shares))
    odds += target.female * np.array([0.5, -0.5])[None, :, None]
    odds += target.deprivation * (np.arange(QUINTILES) - (QUINTILES - 1) / 2)[None, None, :]
    moved = 1 / (1 + np.exp(-odds))
    start = STANDARD.inv_cdf(base_share)
    return np.array([STANDARD.inv_cdf(float(share)) - start for share in moved.ravel()])


def _code_values(column: Column) -> Codes:
    if column.codes:
        return np.array(sorted(int(code) for code in column.codes))
    return np.arange(int(column.minimum or 0), int(column.maximum or 0) + 1)


def _leave_out(
    codes: Codes, target: Target, column: Column, calibration: InstrumentCalibration, rng: np.random.Generator
) -> Codes:
    """Skipped, refused and don't-know answers."""
    share = calibration.skip if target.skip is None else target.skip
    gone = np.flatnonzero(rng.random(len(codes)) * 100 < share)
    kinds = list(calibration.missing)
    weights = np.array([calibration.missing[kind] for kind in kinds])
    drawn = rng.choice([_code(column, kind) for kind in kinds], len(gone), p=weights / weights.sum())
    result = codes.copy()
    result[gone] = drawn
    return result


def _code(column: Column, wanted: MissingKind) -> int:
    return next(int(code) for code, kind in column.missing.items() if kind is wanted)


def _route(answers: dict[str, Codes], contract: DeliveryContract, calibration: InstrumentCalibration) -> None:
    for route in calibration.routed:
        column = contract.column(route.item)
        before = answers[route.after]
        answers[route.item][before == 0] = _code(column, MissingKind.ROUTED_OUT)
        answers[route.item][before < 0] = _code(column, MissingKind.SKIPPED)


def _not_asked(
    answers: dict[str, Codes], pupils: Pupils, stages: tuple[str, ...], version: NDArray[np.str_],
    contract: DeliveryContract, calibration: InstrumentCalibration,
) -> None:  # fmt: skip
    for rule in calibration.not_asked:
        out = np.ones(len(pupils), dtype=bool)
        if rule.stage is not None:
            out &= pupils.stage == stages.index(rule.stage)
        if rule.version is not None:
            out &= version == rule.version
        for name in answers:
            if name.startswith(rule.starts):
                answers[name][out] = _code(contract.column(name), MissingKind.NOT_ASKED)
