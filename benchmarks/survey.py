"""The survey of the estimates benchmark: contracts with 60 indicators, and a raw lake of pupils.

Belongs here: what is measured on whom. Does not belong here: adding anything up.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from benchmarks.delivery import write_yaml
from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

DATASET = INSTRUMENT = COLLECTION = PRODUCT = "bench"
SINGLE_ITEMS, SCALES, SCALE_ITEMS = 50, 5, 5
SCHOOLS = 2_500
FIRST_SCHOOL = 5_700_000
# What is grouped by, with the published values of its codes.
GROUP_COLUMNS: dict[str, dict[Any, str]] = {
    "stage": {f"S{stage}": f"S{stage}" for stage in range(1, 5)},
    "sex": {1: "female", 2: "male"},
    "simd_quintile": {quintile: str(quintile) for quintile in range(1, 6)},
    "urban_rural": {number: f"class_{number}" for number in range(1, 9)},
    "additional_needs": {0: "none", 1: "recorded"},
    "free_meals": {0: "none", 1: "registered"},
}


@dataclass(frozen=True)
class Tables:
    """What is tabulated: for which groups of pupils, at which levels beside the school's own sums."""

    name: str
    groups: tuple[str, ...]
    geographies: tuple[str, ...]
    products: tuple[str, ...] = ("indicators", "indicator_estimates")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is grouped by, once."""
        parts = (part for group in self.groups if group != "all" for part in group.split("+"))
        return tuple(dict.fromkeys(parts))


FOUR = Tables("four", ("all", "stage", "sex", "simd_quintile"), ("programme", "cpp"))
EVERY = Tables(
    "every",
    ("all", *GROUP_COLUMNS, "sex+stage", "sex+simd_quintile"),
    ("programme", "cpp", "learning_community", "school"),
    ("indicators", "indicator_estimates", "local_estimates"),
)


def singles() -> list[str]:
    """Items with an indicator of their own: the share that answered 4 or 5."""
    return [f"single_{number:02d}" for number in range(SINGLE_ITEMS)]


def scales() -> dict[str, list[str]]:
    """Scales of five items; each has a share (score from 18 up) and a mean."""
    return {
        f"scale_{scale}": [f"scale_{scale}_{item}" for item in range(SCALE_ITEMS)] for scale in range(SCALES)
    }


def write_contracts(folder: Path, tables: Tables = FOUR) -> Path:
    """The delivery, its measures, a register entry and a product with the project's own tables."""
    custom = {"kind": "survey", "formats": ["csv"], "suppliers": [], "cpp": "cpp_code",
              "missing": {-9: "skipped"},
              "survey": {"instrument": INSTRUMENT, "title": "Benchmark", "stratum": "cpp_code",
                         "cluster": "school_code", "school": "school_code",
                         **({"learning_community": "community"} if tables is EVERY else {}),
                         "weight": {"column": "weight"}}}  # fmt: skip
    answer = {"codes": dict.fromkeys(range(1, 6), "")}
    properties = [
        _column("pupil_id", "string", required=True, unique=True, primaryKey=True),
        _column("cpp_code", "string", required=True),
        _column("school_code", "string", required=True),
        _column("community", "string", required=True),
        *(
            _column(
                name,
                "string" if name == "stage" else "integer",
                codes=dict.fromkeys(values, ""),
                group_values=values,
            )
            for name, values in GROUP_COLUMNS.items()
        ),
        _column("weight", "number", required=True),
        *(_column(item, "integer", **answer) for item in _items()),
    ]
    delivery = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "bench.delivery", "name": "Benchmark",
                "version": "1.0.0", "status": "active",
                "schema": [{"name": DATASET, "logicalType": "object", "properties": properties,
                            "customProperties": [{"property": "rcs", "value": custom}]}]}  # fmt: skip
    write_yaml(folder / "deliveries" / "bench.odcs.yaml", delivery)
    write_yaml(folder / "measures" / "bench.yaml", _measures())
    collection = {"key": COLLECTION, "title": "Benchmark", "wave": "bench", "collected": "2016",
                  "datasets": {DATASET: None}}  # fmt: skip
    register = {"waves": [{"id": "bench", "title": "Benchmark"}], "collections": [collection]}
    write_yaml(folder / "register" / "bench.yaml", register)
    _product(folder / "products" / PRODUCT, tables)
    return folder


def land(space: Workspace, rows: int, schools: int = SCHOOLS) -> Path:
    """Write the accepted rows as intake leaves them, with their receipt."""
    name = f"{DATASET}/collection={COLLECTION}/{'b' * 16}.parquet"
    path = space.paths.raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    draws = ", ".join(
        f"(case when hash(i * 131 + {number}) % 50 = 0 then -9 "
        f"else 1 + hash(i * 131 + {number}) // 50 % 5 end)::integer as {item}"
        for number, item in enumerate(_items())
    )
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(
            f"""copy (
            select sha256(i::varchar) as pupil_id,
                   'S120000' || lpad((i % {schools} % 32)::varchar, 2, '0') as cpp_code,
                   ({FIRST_SCHOOL} + i % {schools})::varchar as school_code,
                   'S' || (1 + hash(i) % 4) as stage,
                   (1 + hash(i + 1) % 2)::integer as sex, (1 + hash(i + 2) % 5)::integer as simd_quintile,
                   'community ' || (i % {schools} // 96) as community,
                   (1 + (i % {schools} + hash(i + 4) % 2) % 8)::integer as urban_rural,
                   (hash(i + 5) % 4 = 0)::integer as additional_needs,
                   (hash(i + 6) % 5 = 0)::integer as free_meals,
                   1 + (hash(i + 3) % 1024) / 1024.0::double as weight, {draws}, i + 2 as source_row
            from range({rows}) as numbers(i)) to '{path}' (format parquet)"""
        )
    receipt = Receipt(
        received_at=space.now(), dataset=DATASET, collection=COLLECTION, sha256="b" * 64,
        file_name="bench.csv", size_bytes=path.stat().st_size, state=ReceiptState.ACCEPTED,
        claimed_name="bench", os_account="bench", rows_in=rows, rows_accepted=rows, raw_path=f"raw/{name}",
    )  # fmt: skip
    space.ledger.add_receipt(receipt)
    return path


def _items() -> list[str]:
    return [*singles(), *(item for items in scales().values() for item in items)]


def _measures() -> dict[str, Any]:
    common = {"instrument": INSTRUMENT, "domain": "any", "polarity": "neither"}
    described = [
        {"id": scale, "title": scale, "instrument": INSTRUMENT, "source": "Benchmark",
         "method": "prorated_sum", "items": items, "item_minimum": 1, "item_maximum": 5,
         "minimum_answered": 3,
         "band_schemes": [{"id": "two", "version": "1", "source": "Benchmark", "verified": True,
             "bands": [
                 {"label": "low", "low": 5, "high": 17}, {"label": "high", "low": 18, "high": 25}]}]}
        for scale, items in scales().items()
    ]  # fmt: skip
    indicators = [{"id": f"i_{item}", "when": {"item": item, "codes": [4, 5]}} for item in singles()]
    for scale in scales():
        indicators.append({"id": f"i_{scale}", "when": {"scale": scale, "scheme": "two", "bands": ["high"]}})
        indicators.append({"id": f"i_{scale}_mean", "mean_of": scale})
    return {
        "scales": described,
        "indicators": [
            {"title": item["id"], "description": item["id"], **common, **item} for item in indicators
        ],
    }


def _product(folder: Path, tables: Tables) -> None:
    """The project's product with this survey in the place of its own."""
    theirs = DEFAULT_FOLDER / "products" / "rcs"
    product = yaml.safe_load((theirs / "product.yaml").read_text(encoding="utf-8"))
    product.pop("consumers", None)  # they use tables that this product leaves out
    product |= {
        "id": PRODUCT, "datasets": [DATASET],
        "tabulations": [{"instrument": INSTRUMENT, "geographies": list(tables.geographies),
                         "groups": list(tables.groups)}],
    }  # fmt: skip
    write_yaml(folder / "product.yaml", product)
    for table in tables.products:
        text = (theirs / f"{table}.odcs.yaml").read_text(encoding="utf-8")
        contract = yaml.safe_load(text) | {"id": f"bench.product.{table}", "dataProduct": PRODUCT}
        # Every pupil has a weight of its own here: no cell has one.
        for custom in contract["schema"][0]["customProperties"]:
            custom["value"].get("linked", {}).pop("weighted", None)
        for column in contract["schema"][0]["properties"]:
            for custom in column.get("customProperties", []):
                if column["name"] in ("instrument", "stages"):
                    custom["value"].pop("codes", None)
        write_yaml(folder / f"{table}.odcs.yaml", contract)


def _column(name: str, kind: str, **given: Any) -> dict[str, Any]:
    standard = {key: given.pop(key) for key in ("required", "unique", "primaryKey") if key in given}
    group = {"group": name} if name in GROUP_COLUMNS else {}
    extension = {**given, **group}
    custom = {"customProperties": [{"property": "rcs", "value": extension}]} if extension else {}
    return {"name": name, "logicalType": kind, **standard, **custom}
