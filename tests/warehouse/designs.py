"""Random survey designs of every awkward kind, as deliveries of a survey described in contracts alone.

The second implementation of the estimates stands here too: NumPy, SciPy, statsmodels over arrays of pupils,
written from the formulas and from none of the project's code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from rcs_pipeline.ledger.workspace import Workspace
from tests.warehouse import lakes

Numbers = NDArray[np.float64]
DATASET = "designs"
# Weights are whole parts of this size, so that rounding them changes nothing.
STEP = 2.0**-20


@dataclass(frozen=True)
class Design:
    """One survey: an array a column, one entry a pupil; NaN is a missing answer, `parts` its deliveries."""

    key: str
    stratum: Numbers
    cluster: Numbers
    sex: Numbers
    weight: Numbers
    yes: Numbers
    score: Numbers
    second: Numbers
    parts: int = 1

    def rows(self, chosen: NDArray[np.intp]) -> Design:
        """The same with these rows, in this order."""
        columns = ("stratum", "cluster", "sex", "weight", "yes", "score", "second")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def answers(self, indicator: str) -> Numbers:
        """What the indicator makes of each pupil."""
        if indicator == "mean":
            return self.score
        if indicator == "both":
            pair = np.stack([self.score, self.second])
            known = (~np.isnan(pair)).sum(axis=0)
            return np.where(known > 0, np.nansum(pair, axis=0) / np.maximum(known, 1), np.nan)
        return self.yes if indicator == "yes" else 1 - self.yes


INDICATORS = ("yes", "no", "mean", "both")


def random_design(seed: int) -> Design:
    """Lonely clusters, empty strata, zero weights, items nobody answered, shares of 0 and 1, one school."""
    draw = np.random.default_rng(seed)
    strata = int(draw.choice([1, 1, 2, 3, 6]))
    cluster_of, stratum_of = [], []
    for stratum in range(strata):
        for cluster in range(int(draw.choice([1, 1, 2, 3, 7]))):
            pupils = int(draw.choice([1, 2, 5, 12, 40]))
            cluster_of += [100 * stratum + cluster] * pupils
            stratum_of += [stratum] * pupils
    cluster, stratum = np.array(cluster_of, float), np.array(stratum_of, float)
    n = len(cluster)
    weight = np.exp(draw.normal(0, draw.choice([0.0, 0.3, 1.0]), n))
    weight = np.round(np.clip(weight, 0.2, None) / STEP) * STEP
    if draw.random() < 0.3:
        weight[draw.random(n) < 0.2] = 0
    level = float(draw.choice([0.0, 0.03, 0.3, 0.5, 0.9, 1.0]))
    lean = dict(zip(np.unique(cluster), draw.normal(0, 0.2, len(np.unique(cluster))), strict=True))
    chance = np.clip(level + (0 < level < 1) * np.array([lean[item] for item in cluster]), 0, 1)
    yes = (draw.random(n) < chance).astype(float)
    score = np.round(np.clip(draw.normal(6, draw.choice([0.0, 1.0, 3.0]), n), 0, 10))
    second = np.round(np.clip(draw.normal(4, 2, n), 0, 10))
    for answer in (yes, score, second):
        answer[draw.random(n) < draw.choice([0.0, 0.1, 0.6, 1.0], p=[0.4, 0.4, 0.15, 0.05])] = np.nan
        # A whole stratum, or a whole school, that did not answer.
        if draw.random() < 0.3:
            answer[stratum == draw.integers(strata)] = np.nan
        if draw.random() < 0.3:
            answer[cluster == draw.choice(cluster)] = np.nan
    sex = 1.0 + (draw.random(n) < draw.choice([0.1, 0.5, 0.9]))
    return Design(f"d{seed:04}", stratum, cluster, sex, weight, yes, score, second)


@dataclass(frozen=True)
class Reference:
    """An estimate by the second implementation."""

    base: int
    numerator: int | None
    weighted_base: float
    estimate: float
    standard_error: float | None
    lower: float | None
    upper: float | None
    effective_base: float
    design_effect: float
    degrees_of_freedom: int
    variance_method: str


def reference(design: Design, indicator: str, sex: int | None = None) -> Reference | None:
    """The estimate for everybody, or for one sex; None where nobody answered."""
    counted = design.rows(np.flatnonzero(design.weight > 0))
    y, w = counted.answers(indicator), counted.weight
    inside = ~np.isnan(y) & ((counted.sex == sex) if sex else True)
    if not inside.any():
        return None
    y, share = np.where(inside, y, 0.0), indicator in ("yes", "no")
    total, n = w[inside].sum(), int(inside.sum())
    p = (w * y)[inside].sum() / total
    influence = np.where(inside, w * (y - p) / total, 0.0)
    variance, used_clusters, used_strata = 0.0, 0, 0
    for stratum in np.unique(counted.stratum):
        here = counted.stratum == stratum
        names, places = np.unique(counted.cluster[here], return_inverse=True)
        sums = np.bincount(places, influence[here])
        used = np.bincount(places, inside[here]) > 0
        used_clusters, used_strata = used_clusters + used.sum(), used_strata + used.any()
        variance += np.var(sums, ddof=1) * len(names) if len(names) > 1 else sums[0] ** 2
    variance = 0.0 if variance < 1e-20 else float(variance)
    spread = p * (1 - p) if share else max(np.average(y[inside] ** 2, weights=w[inside]) - p * p, 0.0)
    spread = 0.0 if spread < 1e-12 else spread
    kish = total**2 / (w[inside] ** 2).sum()
    df = int(used_clusters - used_strata)
    schools, varies = df >= 2, df >= 2 and variance > 0 and spread > 0
    pupil_error = np.sqrt(spread / kish) if share else np.sqrt(spread * n / (n - 1) / kish) if n > 1 else None
    error = np.sqrt(variance) if schools else pupil_error
    effective = min(n, spread / variance if varies else kish)
    if share and varies:
        centre, width = np.log(p / (1 - p)), stats.t.ppf(0.975, df) * error / (p * (1 - p))
        lower, upper = 1 / (1 + np.exp(-(centre + np.array([-width, width]))))
    elif share:
        lower, upper = proportion_confint(effective * p, effective, method="wilson")
        lower, upper = max(0.0, min(lower, p)), min(1.0, max(upper, p))
    elif error is None:
        lower = upper = None
    else:
        lower, upper = p + error * stats.t.ppf([0.025, 0.975], df if schools else n - 1)
    return Reference(
        n, round(y[inside].sum()) if share else None, total, p, np.sqrt(variance) if variance > 0 else error,
        lower, upper, effective, variance * n / spread if varies else n / kish, df,
        "cluster" if schools else "pupil",
    )  # fmt: skip


def contracts(folder: Path, designs: list[Design], base: Path) -> Path:
    """A folder of contracts for these designs: each is a collection and a wave of its own."""
    product = folder / "products" / DATASET
    product.mkdir(parents=True)
    for path in (base / "products" / "extract2019").iterdir():
        text = path.read_text(encoding="utf-8").replace("extract2019", DATASET)
        text = text.replace("id: test.", "id: designs.")
        text = text.replace("groups: [all, grade, grade+sex, sex]", "groups: [all, sex]")
        (product / path.name).write_text(text, encoding="utf-8")
    for kind, text in (("deliveries", _DELIVERY), ("measures", _MEASURES), ("register", _register(designs))):
        (folder / kind).mkdir()
        name = f"{DATASET}.odcs.yaml" if kind == "deliveries" else f"{DATASET}.yaml"
        (folder / kind / name).write_text(text, encoding="utf-8")
    return folder


def land(space: Workspace, design: Design, folder: Path) -> None:
    """Put a design into the raw lake, in as many deliveries as it has parts."""
    rows = len(design.weight)
    for number, chosen in enumerate(np.array_split(np.arange(rows), design.parts)):
        part = design.rows(chosen)
        columns = {
            "sex": part.sex, "yes": np.where(part.yes == 0, 2, part.yes), "score": part.score,
            "second": part.second, "weight": part.weight, "stratum": part.stratum, "psu": part.cluster,
            "source_row": chosen.astype(float) + 2,
        }  # fmt: skip
        file = folder / f"{design.key}-{number}.parquet"
        parquet.write_table(
            pa.table({name: pa.array(item, from_pandas=True) for name, item in columns.items()}), file
        )
        lakes.land(space, DATASET, design.key, f"select * from '{file}'")


def _register(designs: list[Design]) -> str:
    lines = ["suppliers:", "  - {id: anybody, name: Anybody}", "waves:"]
    lines += [f"  - {{id: {item.key}, title: Design {item.key}}}" for item in designs]
    lines.append("collections:")
    for item in designs:
        lines += [
            f"  - {{key: {item.key}, title: Design, wave: {item.key}, collected: '2020',"
            f" datasets: {{{DATASET}: null}}}}"
        ]
    return "\n".join(lines) + "\n"


_MEASURES = """\
scales:
  - {id: scored, title: Score, instrument: designs, source: none, method: sum, items: [score], item_minimum: 0, item_maximum: 10}
  - {id: pair, title: Mean of two, instrument: designs, source: none, method: mean, items: [score, second], item_minimum: 0,
     item_maximum: 10, minimum_answered: 1}
indicators:
  - {id: 'yes', title: Agreed, description: Said so., instrument: designs, domain: any, polarity: neither, when: {item: 'yes', codes: [1]}}
  - {id: 'no', title: Not agreed, description: Said not., instrument: designs, domain: any, polarity: neither, when: {item: 'yes', codes: [2]}}
  - {id: mean, title: Mean, description: Mean., instrument: designs, domain: any, polarity: neither, mean_of: scored}
  - {id: both, title: Both, description: Mean., instrument: designs, domain: any, polarity: neither, mean_of: pair}
"""  # noqa: E501
_DELIVERY = """\
apiVersion: v3.1.0
kind: DataContract
id: designs.delivery.designs
name: Random designs
version: 1.0.0
status: active
schema:
  - name: designs
    logicalType: object
    physicalType: file
    description: One row for each pupil.
    customProperties:
      - property: rcs
        value:
          kind: survey
          formats: [parquet]
          suppliers: [anybody]
          survey:
            instrument: designs
            title: Designs
            stratum: stratum
            cluster: psu
            weight: {column: weight}
    properties:
      - name: sex
        logicalType: integer
        description: Sex.
        customProperties:
          - {property: rcs, value: {codes: {1: a, 2: b}, group: sex, group_values: {1: '1', 2: '2'}}}
      - name: 'yes'
        logicalType: integer
        description: An item.
        customProperties: [{property: rcs, value: {codes: {1: a, 2: b}}}]
      - name: score
        logicalType: integer
        description: An item.
      - name: second
        logicalType: integer
        description: An item.
      - name: weight
        logicalType: number
        description: Weight.
        required: true
      - name: stratum
        logicalType: integer
        description: Stratum.
        required: true
      - name: psu
        logicalType: integer
        description: Cluster.
        required: true
"""
