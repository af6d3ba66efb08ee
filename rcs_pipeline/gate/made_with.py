"""Which code, contracts, measures and engine made a candidate, so that a rebuild can say what is different.

Belongs here: the versions that are at hand now, and comparing them with those on record.
Does not belong here: making anything again (see `release.rebuild`).

A version is a number that people count up and a digest that nobody can forget to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import rcs_pipeline
from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.measures import Indicator, Scale
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.warehouse.lake import product_contracts

PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb")
PACKAGE = Path(rcs_pipeline.__file__).parent
MODELS = PACKAGE.parent / "dbt_project"
CODE = (".py", ".sql", ".j2", ".yml", ".yaml", ".csv")
MADE_BY_DBT = {"target", "logs", "dbt_packages"}
LETTERS = 12


@dataclass(frozen=True)
class Other:
    """Something that is another one than it was; None where it was not there, or is not any more."""

    what: str
    recorded: str | None
    here: str | None

    def __str__(self) -> str:
        if self.recorded is None:
            return f"{self.what} was not there; here it is {self.here}."
        if self.here is None:
            return f"{self.what} was {self.recorded}; here there is none."
        return f"{self.what} was {self.recorded}; here it is {self.here}."


def versions(catalogue: Catalogue, product: Product) -> dict[str, str]:
    """What a build of the product rests on beside its deliveries: name -> version and digest."""
    return dict(_versions(catalogue, product))


def others(recorded: Mapping[str, str], here: Mapping[str, str]) -> tuple[Other, ...]:
    """What is not as it was on record, by name."""
    names = sorted({*recorded, *here})
    return tuple(
        Other(name, recorded.get(name), here.get(name))
        for name in names
        if recorded.get(name) != here.get(name)
    )


def _versions(catalogue: Catalogue, product: Product) -> Iterator[tuple[str, str]]:
    files = (path for root in (PACKAGE, MODELS) for path in sorted(root.rglob("*")))
    yield "The code", f"{rcs_pipeline.__version__} ({_digest(_contents(files))})"
    for name in PACKAGES:
        yield f"The package {name}", metadata.version(name)
    for contract in product_contracts(catalogue, product):
        yield f"The contract {contract.id}", f"{contract.version} ({_digest([contract.path.read_bytes()])})"
    for table in product.tables:
        yield f"The contract {table.id}", f"{table.version} ({_digest([table.path.read_bytes()])})"
    for instrument in product.instruments:
        measures: tuple[Scale | Indicator, ...] = (
            *catalogue.scales_of(instrument),
            *catalogue.indicators_of(instrument),
        )
        for measure in measures:
            yield f"The measure {measure.id}", f"({_digest([measure.model_dump_json().encode()])})"


def _contents(files: Iterable[Path]) -> Iterator[bytes]:
    for path in files:
        inside = path.relative_to(PACKAGE.parent)
        if path.suffix in CODE and path.is_file() and not MADE_BY_DBT & set(inside.parts):
            yield inside.as_posix().encode() + b"\0" + path.read_bytes()


def _digest(parts: Iterable[bytes]) -> str:
    digest = sha256()
    for item in parts:
        digest.update(sha256(item).digest())
    return digest.hexdigest()[:LETTERS]
