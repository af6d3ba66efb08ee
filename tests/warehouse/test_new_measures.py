"""A new scale or indicator is an entry in YAML: nothing else changes, and it reaches the estimates."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.warehouse.generate import generated_files
from tests.warehouse.scored import Scorer

ADDED = """
scales:
  - id: school_climate
    title: Climate at school
    instrument: secondary
    source: A test
    method: mean
    items: [sch_happy, sch_fair_teachers, sch_adult_to_talk_to]
    item_minimum: 1
    item_maximum: 5
    minimum_answered: 2
indicators:
  - id: s_new_share
    title: Happy or fairly treated, and not bullied
    description: Added by a test.
    instrument: secondary
    domain: school
    topic: climate
    shanarri: [included, safe]
    polarity: higher_is_better
    unit: fraction of pupils in S3 and S4
    when:
      all:
        - any: [{item: sch_happy, codes: [5]}, {item: sch_fair_teachers, codes: [5]}]
        - not: {item: peer_bullied, codes: [3, 4, 5]}
    stages: [S3, S4]
  - id: s_new_mean
    title: Climate at school
    description: Added by a test.
    instrument: secondary
    domain: school
    topic: climate
    shanarri: [included]
    polarity: higher_is_better
    mean_of: school_climate
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("contracts")
    (folder / "measures").mkdir()
    (folder / "measures" / "added.yaml").write_text(ADDED, encoding="utf-8")
    return load_catalogue(folder)


def test_an_entry_in_yaml_reaches_the_sums_the_estimates_and_the_published_list(catalogue: Catalogue) -> None:
    before = load_catalogue()
    files = generated_files(catalogue, catalogue.product("rcs"))
    old = generated_files(before, before.product("rcs"))
    changed = {name for name in files if files[name] != old.get(name)}
    assert changed == {
        "models/scored/scored_wellbeing_secondary.sql", "models/estimates/sums_wellbeing_secondary.sql",
        "models/marts/indicator_estimates.sql",
        "models/marts/local_estimates.sql", "models/marts/school_figures.sql",
        "models/marts/school_cells.sql", "models/register/registered_indicators.sql",
        "models/quality/quality_sums_wellbeing_secondary.sql",
        "models/marts/scale_reliability.sql",
    }  # fmt: skip
    estimates = ("marts/indicator_estimates", "marts/local_estimates")
    for model in ("estimates/sums_wellbeing_secondary", *estimates):
        text = files[f"models/{model}.sql"]
        assert "'s_new_share'" in text
        assert "'s_new_mean'" in text
    listed = files["models/register/registered_indicators.sql"]
    line = next(line for line in listed.splitlines() if "s_new_share" in line)
    for part in ("'S3, S4'", "'included, safe'", "'fraction of pupils in S3 and S4'"):
        assert part in line


def test_what_was_added_is_scored(catalogue: Catalogue) -> None:
    pupil = {"stage": "S4", "questionnaire_version": "main", "sch_happy": 5, "sch_fair_teachers": 2}
    rows = Scorer(catalogue, "secondary")(
        [{**pupil, "peer_bullied": 1}, {**pupil, "peer_bullied": 3}, {**pupil, "stage": "S1"}, pupil]
    )
    assert [row["s_new_share__y"] for row in rows] == [1, 0, None, None]
    assert [row["school_climate__score"] for row in rows] == [3.5] * 4
    assert rows[0]["s_new_mean__y"] == 35_000
