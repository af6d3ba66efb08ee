"""The demonstration programme: every delivery of all tranches, in the layout of an inbox.

Belongs here: which files there are, their seeds and names, and writing them.
Does not belong here: what is in them (see `survey`, `services`, `defects`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zlib import crc32

import numpy as np

from rcs_pipeline.contracts.calibration import Calibration, read_calibration
from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.demo.defects import Draft, Planted, plant, write_list
from rcs_pipeline.demo.files import write_table
from rcs_pipeline.demo.frame import WORKBOOK, School, read_frame
from rcs_pipeline.demo.services import service_table
from rcs_pipeline.demo.survey import KINDS, Partnership, gather, roll_table, survey_table
from rcs_pipeline.demo.table import Table
from rcs_pipeline.ledger.paths import whole_file

FRAME_DATASET = "school_statistics"
DEFECTS_LIST = "planted_defects.csv"
SMALLEST, LARGEST = 0.005, 100.0


@dataclass(frozen=True)
class DemoFile:
    """One file that was written; `supplier` is who sends it."""

    dataset: str
    collection: str
    path: Path
    rows: int
    supplier: str


@dataclass(frozen=True)
class DemoSummary:
    """What was written."""

    seed: int
    scale: float
    files: tuple[DemoFile, ...]
    pupils: int
    roll: int
    defects: tuple[Planted, ...]
    defects_list: Path | None


def write_demo(
    out: Path, *, catalogue: Catalogue, seed: int, scale: float = 1.0, defects: bool = False
) -> DemoSummary:
    """Write the deliveries as `out/<dataset>/<collection>/<file>`; equal arguments give equal bytes.

    Args:
        out: the inbox. A list of planted defects goes beside it.
        catalogue: the contracts the files keep to; its first folder holds `demo/calibration.yaml`.
        seed: any whole number from 0.
        scale: 1 is the programme's real size. Schools and services stay as many as they are.
        defects: plant known defects.

    Raises:
        RcsError: the seed or the scale is out of bounds.
    """
    if not SMALLEST <= scale <= LARGEST or seed < 0:
        raise RcsError(
            f"A demonstration of scale {scale:g} with seed {seed} cannot be made",
            expected=f"a scale from {SMALLEST:g} to {LARGEST:g} and a seed from 0",
        )
    calibration = read_calibration(catalogue.folders[0] / "demo" / "calibration.yaml")
    schools = read_frame(catalogue.delivery(FRAME_DATASET))
    drafts: dict[tuple[str, str], Draft] = {}
    for partnership, collection in _partnerships(catalogue, calibration, schools, seed, scale):
        for draft in _drafts(partnership, collection, catalogue, calibration, seed):
            drafts[(draft.dataset, draft.collection)] = draft
    planted = plant(drafts) if defects else ()
    files = [_write(draft, out, catalogue, calibration) for draft in drafts.values()]
    files += [_copy_frame(item, out, catalogue) for item in _frame_collections(catalogue)]
    listed = out.parent / DEFECTS_LIST if defects else None
    if listed is not None:
        write_list(planted, listed)
    surveys = {contract.dataset for contract in catalogue.deliveries.values() if contract.survey}
    rolls = [draft.table.columns["pupils"] for draft in drafts.values() if draft.dataset == "school_roll"]
    return DemoSummary(
        seed=seed,
        scale=scale,
        files=tuple(sorted(files, key=lambda file: (file.dataset, file.collection))),
        pupils=sum(file.rows for file in files if file.dataset in surveys),
        roll=int(sum(roll.sum() for roll in rolls)),
        defects=planted,
        defects_list=listed,
    )


def stream(seed: int, dataset: str, collection: str) -> np.random.Generator:
    """The random numbers of one file, whatever else is made."""
    place = crc32(f"{dataset}/{collection}".encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, place])))


def _partnerships(
    catalogue: Catalogue, calibration: Calibration, schools: tuple[School, ...], seed: int, scale: float
) -> Iterator[tuple[Partnership, Collection]]:
    known = [item for item in catalogue.register.collections if item.key in calibration.collections]
    for position, collection in enumerate(sorted(known, key=lambda item: item.key)):
        rng = stream(seed, "school_roll", collection.key)
        council = str(collection.cpp)
        yield gather(collection.key, council, position, schools, calibration, scale, rng), collection


def _drafts(
    partnership: Partnership, collection: Collection, catalogue: Catalogue, calibration: Calibration,
    seed: int,
) -> Iterator[Draft]:  # fmt: skip
    figures = calibration.collections[collection.key]
    cpp = catalogue.register.cpp(str(collection.cpp))
    roll = catalogue.delivery("school_roll")
    yield _draft("school_roll", collection, catalogue, Format.CSV, roll_table(partnership, roll))
    for kind in KINDS:
        contract = catalogue.instrument(kind)
        rng = stream(seed, contract.dataset, collection.key)
        table = survey_table(partnership, kind, contract, catalogue, calibration, rng)
        written = figures.primary_format if kind == "primary" else Format.SAV
        yield _draft(contract.dataset, collection, catalogue, written, table)
    table = service_table(
        cpp,
        partnership.council,
        collection.collected,
        sum(figures.rolls.values()),
        figures.services,
        catalogue.delivery("service_map"),
        calibration.services,
        stream(seed, "service_map", collection.key),
    )
    yield _draft("service_map", collection, catalogue, Format.XLSX, table)


def _draft(dataset: str, collection: Collection, catalogue: Catalogue, kind: Format, table: Table) -> Draft:
    sheet = catalogue.delivery(dataset).options.sheet
    return Draft(
        dataset=dataset,
        collection=collection.key,
        file=f"{dataset}_{collection.key}.{kind.value}",
        sheet=sheet.name if sheet and kind is Format.XLSX else "",
        format=kind,
        table=table,
    )


def _write(draft: Draft, out: Path, catalogue: Catalogue, calibration: Calibration) -> DemoFile:
    contract = catalogue.delivery(draft.dataset)
    due = catalogue.register.collection(draft.collection).datasets.get(draft.dataset)
    target = out / draft.dataset / draft.collection / draft.file
    write_table(draft.table, target, draft.format, contract, due or date(2020, 1, 1), draft.labels)
    suppliers = calibration.collections[draft.collection].suppliers
    sender = suppliers[contract.survey.instrument] if contract.survey else contract.options.suppliers[0]
    return DemoFile(draft.dataset, draft.collection, target, len(draft.table), sender)


def _frame_collections(catalogue: Catalogue) -> list[str]:
    return [item.key for item in catalogue.register.collections if FRAME_DATASET in item.datasets]


def _copy_frame(collection: str, out: Path, catalogue: Catalogue) -> DemoFile:
    """The published workbook, byte for byte."""
    target = out / FRAME_DATASET / collection / WORKBOOK.name
    with whole_file(target) as path:
        shutil.copyfile(WORKBOOK, path)
    contract = catalogue.delivery(FRAME_DATASET)
    return DemoFile(FRAME_DATASET, collection, target, 0, contract.options.suppliers[0])
