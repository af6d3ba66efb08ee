"""A raw lake made from contracts alone: valid codes, evenly spread, the same for the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import duckdb

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.lake import lake_columns


def workspace(home: Path, *contracts: Path, threads: int = 2) -> Workspace:
    """A home of its own."""
    flags = {
        "home": str(home),
        "contracts": ":".join(map(str, contracts)),
        "threads": str(threads),
        "name": "builder",
    }
    return Workspace(load_settings(flags, environment={}, folder=home))


def land(space: Workspace, dataset: str, collection: str, select: str) -> int:
    """Put the rows of a query into the raw lake, as intake would, with a receipt."""
    contract = space.catalogue.delivery(dataset)
    folder = space.paths.raw / dataset / f"collection={collection}"
    folder.mkdir(parents=True, exist_ok=True)
    sha = hashlib.sha256(f"{dataset}{collection}{select}".encode()).hexdigest()
    path = folder / f"{sha[:16]}.parquet"
    columns = ", ".join(
        f"cast({sql.name(item.name)} as {item.type}) as {sql.name(item.name)}"
        for item in lake_columns(contract)
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {columns} from ({select}) order by source_row) to '{path}' (format parquet)"
        )
        rows = connection.execute(f"select count(*) from '{path}'").fetchone()[0]
    space.ledger.add_receipt(
        Receipt(
            received_at=space.now(), dataset=dataset, collection=collection, sha256=sha,
            file_name="made.csv", size_bytes=1,
            state=ReceiptState.ACCEPTED, claimed_name="maker", os_account="maker",
            rows_in=rows, rows_accepted=rows,
            raw_path=space.paths.relative(path),
        )
    )  # fmt: skip
    return rows


def answers(contract: DeliveryContract, seed: int, given: dict[str, str]) -> str:
    """A select list with a valid value in every column; `given` overrides; `i` is the row number."""
    parts = []
    for position, column in enumerate(contract.stored_columns):
        expression = given.get(column.name) or _value(column, seed * 1000 + position)
        parts.append(f"{expression} as {sql.name(column.name)}")
        if column.symbols:
            parts.append(f"null as {sql.name(column.name + '__symbol')}")
    return ", ".join([*parts, "i + 2 as source_row"])


def _value(column: Column, salt: int) -> str:
    draw = f"hash(i * 7919 + {salt})"
    if column.codes:
        codes = [code for code in column.codes if code not in column.missing]
        missing = list(column.missing)[:2]
        values = ", ".join(sql.code(column, code) for code in [*codes * 8, *missing])
        return f"[{values}][1 + cast({draw} % {len(codes) * 8 + len(missing)} as integer)]"
    if column.type is ColumnType.DATE:
        return "date '2016-03-01'"
    if column.numeric:
        low, high = int(column.minimum or 0), int(column.maximum if column.maximum is not None else 10)
        return f"{low} + cast({draw} % {min(high - low, 1000) + 1} as integer)"
    return f"'v' || ({draw} % 9)::varchar"


STAGES = {"wellbeing_primary": ("P5", "P6", "P7"), "wellbeing_secondary": ("S1", "S2", "S3", "S4")}


def programme(
    space: Workspace, pupils_per_school: int = 60, schools: dict[str, int] | None = None, seed: int = 1
) -> int:
    """Every collection of the register for the product `rcs`. Returns the number of pupils."""
    schools = schools or {"wellbeing_primary": 6, "wellbeing_secondary": 3}
    total = 0
    for number, collection in enumerate(item for item in space.catalogue.register.collections if item.cpp):
        first_row = number * 1_000_000
        cpp = f"'{collection.cpp}'"
        rolls = []
        for dataset, stages in STAGES.items():
            contract = space.catalogue.delivery(dataset)
            base = (1 if dataset == "wellbeing_primary" else 5) * 1_000_000 + number * 10_000
            rows = pupils_per_school * schools[dataset]
            school = f"cast({base} + i % {schools[dataset]} as varchar)"
            stage_list = "[" + ", ".join(map(sql.text, stages)) + "]"
            given = {
                "pupil_id": f"sha256('{dataset}' || (i + {first_row})::varchar)",
                "cpp_code": cpp, "school_code": school,
                "stage": f"{stage_list}[1 + cast(hash(i) % {len(stages)} as integer)]",
                "learning_community": f"'Community ' || (i % {max(1, schools[dataset] // 2)})::varchar",
            }  # fmt: skip
            total += land(
                space, dataset, collection.key,
                f"select {answers(contract, seed + number, given)} from range({rows}) as numbers(i)",
            )  # fmt: skip
            rolls.append(
                f"select {base} + school as school, stage, sex, "
                f"{2 + pupils_per_school // len(stages)} as pupils "
                f"from range({schools[dataset]}) as s(school), "
                f"unnest({stage_list}) as t(stage), (values (1), (2)) as x(sex)"
            )
        roll = space.catalogue.delivery("school_roll")
        given = {
            "cpp_code": cpp, "school_code": "cast(school as varchar)", "stage": "stage",
            "sex": "sex", "pupils": "pupils",
            "school_name": "'School ' || school::varchar",
        }  # fmt: skip
        rows_of_roll = " union all ".join(rolls)
        numbered = f"select row_number() over (order by school, stage, sex) as i, * from ({rows_of_roll})"
        land(space, "school_roll", collection.key, f"select {answers(roll, seed, given)} from ({numbered})")
        services = space.catalogue.delivery("service_map")
        given = {
            "cpp_code": cpp, "reporting_year": "'2015-16'", "service_id": "'s' || i::varchar",
            "provider": "'Provider ' || (i % 20)::varchar", "gross_actual": "1000 + i",
            "income": "case when i < 3 then 100 else 0 end",
            **{item.name: "null" for item in services.columns if "share" in item.name.split("_")},
            **dict.fromkeys(("need_type_2", "need_type_3", "level_2", "price_year"), "null"),
        }  # fmt: skip
        land(
            space,
            "service_map",
            collection.key,
            f"select {answers(services, seed, given)} from range(40) as numbers(i)",
        )
    return total


def frame(space: Workspace) -> int:
    """The national frame: two schools of each partnership, the first of them rural in a share of its own."""
    contract = space.catalogue.delivery("school_statistics")
    codes = ", ".join(sql.text(item.code) for item in space.catalogue.register.cpps)
    given = {
        "council": f"[{codes}][1 + cast(i // 2 as integer)]",
        "seed_code": "'frame' || i::varchar",
        "pupil_roll": "300 + 40 * i",
        "urban_rural_8": "case when i % 2 = 0 then 'Remote rural areas' else 'Large urban areas' end",
    }
    schools = 2 * len(space.catalogue.register.cpps)
    return land(
        space, "school_statistics", "scotland-2019",
        f"select {answers(contract, 1, given)} from range({schools}) as numbers(i)",
    )  # fmt: skip


def for_everybody(product: Product) -> Product:
    """The product as if `open` were its only audience, for tests about that one: bands take their time."""
    audiences = {"open": product.file.audiences["open"]}
    return replace(product, file=product.file.model_copy(update={"audiences": audiences}))
