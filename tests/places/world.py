"""A small world with releases for each place: its contracts, its warehouse, its candidates."""

from __future__ import annotations

from pathlib import Path

import duckdb

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product

CONTRACTS = Path(__file__).with_name("contracts")
PRODUCT = CONTRACTS / "products" / "many"
CPPS = ("S12000005", "S12000014", "S12000020")
# Every school of a partnership has its code in its own: S12000005 has the schools 51, 52 and 53.
SCHOOLS = {cpp: tuple(f"{cpp.removeprefix('S120000').lstrip('0')}{n}" for n in (1, 2, 3)) for cpp in CPPS}


def product(folder: Path = PRODUCT) -> Product:
    """The contracts of the world."""
    return read_product(folder)


def write_warehouse(path: Path, *, cpps: tuple[str, ...] = CPPS, more: int = 0) -> Path:
    """A `warehouse.duckdb` with a school row that says its place, and rows that no place may see.

    Args:
        path: where to.
        cpps: the partnerships that took part.
        more: added to every number of answers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    schools = [(cpp, code) for cpp in cpps for code in SCHOOLS[cpp]]
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table schools (cpp_code varchar, school_code varchar)")
        connection.executemany("insert into schools values (?, ?)", schools)
        connection.execute(
            "create table figures as select 'q' || q as question, school_code, 'School ' || school_code"
            " || ', \"by the sea\"' as school_name, cpp_code, 'school' as level,"
            f" (school_code::integer * q % 60 + {more})::bigint as answers, null::varchar as symbol,"
            " 'secret' as internal from schools, range(1, 4) t(q) order by hash(school_code || q)"
        )
        connection.execute(
            "insert into figures values"
            " ('q1', null, 'All', null, 'programme', 900, null, 'secret'),"
            " ('q1', 'unplaced', 'Of no partnership', null, 'school', 90, null, 'secret')"
        )
        connection.execute(
            "create table places as select distinct cpp_code, right(cpp_code, 2)::double / 100 as share"
            " from schools"
        )
        connection.execute(
            "create table notes as select school_code, 'only for ' || school_code as note from schools"
            " where right(school_code, 1) = '1'"
        )
    return path
