"""The front page of a release: what it is, its tables to download, what changed, the terms.

The release of one school has its figures there (see `school`).

Belongs here: reading a release folder into the page's template.
Does not belong here: writing into any other place than `site/`.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rcs_pipeline.planning.shares import PreventionShare, prevention_shares
from rcs_pipeline.site.school import school_of

WHOLE = ("rcs-tables.xlsx", "rcs.duckdb")
VERDICTS = '"verdicts": '
TEMPLATES = Path(__file__).with_name("templates")
SYMBOLS = {
    "c": "withheld",
    "low": "close to nothing",
    "x": "not available",
    "z": "not applicable",
    "u": "unreliable",
}


def write_pages(folder: Path) -> None:
    """Write `site/` into a release folder; the same release gives the same pages."""
    package, changes, approval = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("datapackage", "changes", "approval")
    )
    school = school_of(folder, package)
    page = template("school.html.j2" if school else "index.html.j2").render(
        package=package,
        school=school,
        tables=[_table(item, folder) for item in package["resources"]],
        reasons=[item["sentence"] for item in changes["reasons"]],
        base_version=changes["base_version"],
        checks=_checks((folder / "verdicts.json").read_text(encoding="utf-8").partition(VERDICTS)[2]),
        approval=approval,
        dataset=_dataset(folder / "dataset.jsonld"),
        deprecated=changes.get("deprecated", []),
        whole=[(name, _size((folder / name).stat().st_size)) for name in WHOLE if (folder / name).is_file()],
        shares=[_share(item) for item in prevention_shares(folder / "csv" / "service_map_summary.csv")],
    )
    target = folder / "site" / "index.html"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page, encoding="utf-8", newline="\n")


@lru_cache(maxsize=8)
def _checks(listed: str) -> int:
    """How many verdicts a text begins with the list of: the same ones for hundreds of places."""
    return len(json.JSONDecoder().raw_decode(listed)[0])


def _dataset(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


@cache
def template(name: str) -> Any:
    """A page's template, with every value escaped and none missing in silence."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _table(resource: dict[str, Any], folder: Path) -> dict[str, Any]:
    kinds = (("CSV", "path"), ("Parquet", "parquet"))
    files = [(kind, resource[key]) for kind, key in kinds if key in resource]
    return {
        "name": resource["name"],
        "title": resource["title"],
        "description": resource["description"],
        "rows": f"{resource['rows']:,}",
        "fields": resource["schema"]["fields"],
        "files": [(kind, path, _size((folder / path).stat().st_size)) for kind, path in files],
    }


def _share(item: PreventionShare) -> dict[str, str]:
    why = SYMBOLS.get(item.symbol, "not available")
    return {
        "name": item.cpp_name,
        "year": item.reporting_year,
        "spend": why if item.gross_actual is None else f"£{item.gross_actual:,.0f}",
        "share": why if item.share is None else f"{item.share:.0%}",
    }


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, round(count / 1024))} kB"
