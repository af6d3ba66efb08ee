"""What a release will be, before it has a folder: the records and comparisons that go into its files.

Belongs here: the draft, the package description, and the JSON documents. Pure: no file is read, no clock.
Does not belong here: writing (see `folder`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rcs_pipeline.contracts.audiences import kind_of
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.ledger.records import Approval, CandidateRecord, Plan, Verdict
from rcs_pipeline.release.describe import published_tables, resource
from rcs_pipeline.release.diff import TableDiff
from rcs_pipeline.release.pointer import SCHEMA_VERSION
from rcs_pipeline.release.versions import Reason, stamped

JSON_LD = "dataset.jsonld"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
SYNTHETIC_NOTICE = (
    "SYNTHETIC: every row of this release was made up by the demonstration. "
    "No figure says anything about a real pupil, school, service or place."
)


@dataclass(frozen=True)
class Comparison:
    """One audience's differences between the current release and the candidate.

    `before` and `after`: what consumers were told, and would be told now, in the words of Data Package.
    """

    audience: str
    base_version: str | None
    reasons: tuple[Reason, ...]
    tables: tuple[TableDiff, ...]
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """Everything that one audience's release folder is made of, but the rows."""

    product: Product
    audience: str
    plan: Plan
    candidate: CandidateRecord
    approvals: tuple[Approval, ...]
    verdicts: tuple[Verdict, ...]
    comparison: Comparison
    released_at: str
    synthetic: bool

    @property
    def version(self) -> str:
        """The version of the release."""
        return self.plan.version

    @property
    def notes(self) -> tuple[str, ...]:
        """What people wrote to the consumers: with the plan, then with each yes."""
        return tuple(
            dict.fromkeys(text for text in (self.plan.note, *(item.note for item in self.approvals)) if text)
        )

    @property
    def row_version(self) -> str:
        """The version as every row names it."""
        return stamped(self.plan.version, synthetic=self.synthetic)


def describe_package(product: Product, audience: str, *, synthetic: bool) -> dict[str, Any]:
    """What a consumer is told about a product, whatever the version: terms and tables."""
    file = product.file
    mark = "SYNTHETIC: " if synthetic else ""
    notice = f"{SYNTHETIC_NOTICE} " if synthetic else ""
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": file.id.replace("_", "-"),
        "title": f"{mark}{file.title}",
        "description": f"{notice}{' '.join(file.description.split())}",
        "licenses": [{"name": file.licence, "title": file.licence_title}],
        "contributors": [{"title": file.publisher, "roles": ["publisher"], "contact": file.contact}],
        "attribution": list(file.attribution),
        "audience": audience,
        "synthetic": synthetic,
        "resources": [resource(product, table, audience) for table in published_tables(product, audience)],
    }
    if synthetic:
        for item in package["resources"]:
            item["title"] = f"{mark}{item['title']}"
            item["synthetic"] = True
    return package


def package_document(draft: Draft, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """`datapackage.json`.

    Sources are named by dataset, collection and content, never by file name: a name can identify.

    Args:
        draft: the release.
        files: for each table what its CSV and Parquet files turned out to be.
    """
    package = describe_package(draft.product, draft.audience, synthetic=draft.synthetic)
    resources = [{**item, **files[item["name"]]} for item in package.pop("resources")]
    sources = sorted(
        {
            (str(item["dataset"]), str(item["collection"]), str(item["sha256"]))
            for item in draft.candidate.inputs
        }
    )
    return {
        **package,
        "version": draft.version,
        "created": draft.released_at,
        "candidate": draft.candidate.hash,
        "sources": [
            {"title": f"{dataset}, {collection}", "version": f"sha256:{digest}"}
            for dataset, collection, digest in sources
        ],
        "resources": resources,
    }


def dataset_document(draft: Draft, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """`dataset.jsonld`: the release in the words of schema.org, for catalogues and search engines."""
    file = draft.product.file
    package = describe_package(draft.product, draft.audience, synthetic=draft.synthetic)
    kinds = (("path", "text/csv", "hash"), ("parquet", "application/vnd.apache.parquet", "parquetHash"))
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "identifier": f"{file.id}/{draft.audience}/{draft.version}",
        "name": package["title"],
        "description": package["description"],
        "version": draft.version,
        "datePublished": draft.released_at,
        "license": package["licenses"][0]["title"],
        "creditText": " ".join(file.attribution),
        "publisher": {"@type": "Organization", "name": file.publisher},
        "isAccessibleForFree": draft.audience == "open",
        "variableMeasured": [
            {"@type": "PropertyValue", "name": f"{item['name']}.{field['name']}",
             "description": field["description"], **({"unitText": field["unit"]} if "unit" in field else {})}
            for item in package["resources"] for field in item["schema"]["fields"]
        ],
        "distribution": [
            {"@type": "DataDownload", "name": item["title"], "contentUrl": item[key], "encodingFormat": kind,
             "sha256": files[item["name"]][digest].removeprefix("sha256:")}
            for item in package["resources"] for key, kind, digest in kinds if key in item
        ],
    }  # fmt: skip


def verdicts_document(draft: Draft) -> dict[str, Any]:
    """`verdicts.json`: every check and its outcome.

    Messages and places stay in the ledger: they are written for those who may see what was withheld. Only the
    attacks on linked tables and on bands say in `found` how many cells they tried, of how many.
    """
    from rcs_pipeline.disclosure import audit_bands, audit_linked

    kind = kind_of(draft.audience)
    names = (kind, *draft.product.audience(kind).includes)
    attacks = {check_of(name) for name in names for check_of in (audit_linked.check_of, audit_bands.check_of)}
    return {
        **_head(draft),
        "candidate": draft.candidate.hash,
        "required": sorted(draft.candidate.required_checks),
        "verdicts": [
            {
                "check": item.check,
                "kind": item.kind,
                "severity": item.severity.value,
                "outcome": item.outcome.value,
                "required": item.check in draft.candidate.required_checks,
                **({"found": item.message} if item.check in attacks else {}),
            }
            for item in sorted(draft.verdicts, key=lambda item: item.check)
        ],
    }


def approval_document(draft: Draft) -> dict[str, Any]:
    """`approval.json`: who said yes to what, and who built it.

    A name on a command line is a claim, so it says whether the operating system knew another account than the
    builder's. Which accounts stays in the ledger: they are names of this machine, of no use to readers.
    """
    candidate = draft.candidate
    return {
        **_head(draft),
        "plan": draft.plan.id,
        "candidate": candidate.hash,
        "builder": {"name": candidate.builder},
        "approvals": [
            {
                "approver": {"name": item.approver},
                "same_os_account_as_builder": item.os_account == candidate.os_account,
                "note": item.note,
                "approved_at": item.approved_at,
            }
            for item in draft.approvals
        ],
        "embargo": draft.plan.not_before,
    }


def changes_document(draft: Draft) -> dict[str, Any]:
    """`changes.json`: what is different from the release before, for machines."""
    comparison = draft.comparison
    return {
        **_head(draft),
        "base_version": comparison.base_version,
        "change": draft.plan.change,
        "reasons": [
            {"change": reason.change.value, "sentence": reason.sentence} for reason in comparison.reasons
        ],
        "notes": list(draft.notes),
        "deprecated": deprecations(comparison.after),
        "tables": [changed_table(item) for item in comparison.tables],
    }


def changed_table(item: TableDiff) -> dict[str, Any]:
    """The differences of one table, as machines read them."""
    return {
        "table": item.table,
        "rows_before": item.rows_before,
        "rows_after": item.rows_after,
        "rows_added": item.added,
        "rows_removed": item.removed,
        "rows_changed": item.changed,
        "values_changed": item.cells,
        "values_beyond_their_interval": item.beyond,
        "values_no_longer_shown": item.hidden,
        "values_newly_shown": item.shown,
        "changed_keys": list(item.keys),
        "changed_keys_complete": len(item.keys) == item.changed,
    }


def deprecations(package: dict[str, Any]) -> list[dict[str, str]]:
    """What of a release will go, and when: tables and columns."""
    found = []
    for table in package.get("resources", ()):
        columns = ((f".{item['name']}", item) for item in table["schema"]["fields"])
        for name, item in [("", table), *columns]:
            if "deprecated" in item:
                found.append({"what": f"{table['name']}{name}", **item["deprecated"]})
    return found


def _head(draft: Draft) -> dict[str, Any]:
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "product": draft.product.id,
        "audience": draft.audience,
        "version": draft.version,
        "synthetic": draft.synthetic,
    }
    return {**head, "notice": SYNTHETIC_NOTICE} if draft.synthetic else head
