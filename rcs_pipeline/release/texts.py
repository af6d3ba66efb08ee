"""The plain-text files of a release: what is here, what changed, and that a demonstration is one.

Belongs here: their wording. Pure. Does not belong here: pages (see `site`).
"""

from __future__ import annotations

from rcs_pipeline.contracts.audiences import place_of
from rcs_pipeline.release.describe import published_tables
from rcs_pipeline.release.draft import SYNTHETIC_NOTICE, Draft, deprecations

CHANGELOG = "CHANGELOG.md"
README = "README.md"
SYNTHETIC = "SYNTHETIC.txt"


def changelog(draft: Draft, earlier: str | None) -> str:
    """This version's entry on top of those of the release before.

    Args:
        draft: the release.
        earlier: the changelog of the release it builds on.
    """
    reasons = draft.comparison.reasons
    lines = [f"- {reason.sentence}" for reason in reasons] or ["- Nothing changed for this audience."]
    if draft.comparison.base_version is None:
        lines = ["- First release."]
    notes = [f"\nNote: {text}" for text in draft.notes]
    ending = [f"- {_deprecated(item)}" for item in deprecations(draft.comparison.after)]
    warning = ["", "Deprecated:", "", *ending] if ending else []
    head = f"## {draft.version} ({draft.released_at[:10]}, {draft.plan.change})"
    entry = "\n".join([head, "", *lines, *notes, *warning])
    before = earlier[earlier.index("## ") :].rstrip() if earlier and "## " in earlier else ""
    parts = [f"# Changes of {draft.product.file.title}", *_notice(draft), entry, before]
    return "\n\n".join(part for part in parts if part) + "\n"


def readme(draft: Draft) -> str:
    """What the folder holds and on which terms it may be used."""
    file = draft.product.file
    tables = "\n".join(
        f"- `{table.name}`: {table.description}" for table in published_tables(draft.product, draft.audience)
    )
    mark = (
        "\nIn every row the version ends in `+synthetic`, so that a copy of a table still says what it is.\n"
        if draft.synthetic
        else ""
    )
    terms = "\n".join([f"{file.licence_title} ({file.licence}).", *file.attribution])
    heading = f"# {file.title}, version {draft.version}"
    return (
        "\n\n".join(
            [
                heading,
                *_notice(draft),
                " ".join(file.description.split()),
                *_for(draft),
                f"## Tables\n\n{tables}",
            ]
        )
        + f"""

{_where(draft)}{_also(draft)}.
An empty cell is a missing value, never zero; where a table has a column `symbol`, it says why a number
is missing. The column `release_version` names the release that a row belongs to.
{_differences(draft)}{mark}
## Beside them

- `datapackage.json`: what every column means (Data Package v2); `dataset.jsonld`: the same for catalogues
- `contracts/`: the data contracts of the tables (Open Data Contract Standard)
- `changes.json`, `CHANGELOG.md`: what is different from the release before
- `verdicts.json`, `approval.json`: the checks that were passed, and who signed the release off
- `site/index.html`: the same for reading, opens without a server
- `SHA256SUMS`: checksums; `sha256sum -c SHA256SUMS` tells whether a copy is complete

## Terms

{terms}

Published by {file.publisher}. Contact: {file.contact}
"""
    )


def _deprecated(item: dict[str, str]) -> str:
    return f"`{item['what']}` goes after {item['until']}: {item['note']}"


def _for(draft: Draft) -> list[str]:
    return [f"This release is for `{draft.audience}`."] if place_of(draft.audience) else []


def _where(draft: Draft) -> str:
    if "parquet" in draft.product.audience(draft.audience).formats:
        return "Each table is there with the same rows in `parquet/` for tools and in `csv/` for others"
    return "Each table is there in `csv/`"


def _differences(draft: Draft) -> str:
    few, share = draft.product.file.disclosure.minimum_difference, draft.product.file.disclosure.kept_share
    if few is None:
        return ""
    others = (
        f" So it is where a new one would\ntell of others and no more than {share:.0%} of its pupils differ."
    )
    return (
        f"From one release to the next a figure changes only where {few} pupils or more differ; elsewhere\n"
        f"it is that of an earlier release, or withheld.{others if share else ''}"
        " So parts need not add up\nafter a correction.\n"
    )


def _also(draft: Draft) -> str:
    formats = draft.product.audience(draft.audience).formats
    also = {
        "duckdb": ", and in `rcs.duckdb` with a table `dictionary` (DuckDB 1.0 and newer)",
        "xlsx": "; `rcs-tables.xlsx` holds the headline rows for reading",
    }
    return "".join(says for name, says in also.items() if name in formats)


def synthetic_note(draft: Draft) -> str:
    """The file that stands beside the data of a demonstration."""
    return f"{SYNTHETIC_NOTICE}\n\n{draft.product.file.title}, version {draft.version}\n"


def marked_contract(text: str, *, synthetic: bool) -> str:
    """A contract as it is released; in a demonstration it says so in its first line."""
    return f"# {SYNTHETIC_NOTICE}\n{text}" if synthetic else text


def _notice(draft: Draft) -> list[str]:
    return [f"**{SYNTHETIC_NOTICE}**"] if draft.synthetic else []
