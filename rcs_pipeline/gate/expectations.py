"""Great Expectations on the protected tables: verdicts, and Data Docs for those who work inside.

Belongs here: the only code that imports Great Expectations (seven seconds: inside the functions).
Does not belong here: which expectations there are (see `suite`).

The frames are what an audience would read. Results carry no sample values, so neither do the pages; the
pages name no address outside, so they open without a network.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.engine import text
from rcs_pipeline.gate.suite import Expectation, audiences_of, suite
from rcs_pipeline.ledger.paths import file_hash
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict

if TYPE_CHECKING:
    import pandas

KIND = "gx"
GUIDANCE = "Read the Data Docs of the candidate, mend the model or the contract, and build again."
SITE = "internal"
# Counts, never values: no list of unexpected ones, not even a partial one. What SUMMARY adds to BASIC are
# such lists, empty here, and a quarter of the time. BOOLEAN_ONLY is faster still, but draws no pages.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
_TAGS = re.compile(
    r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>|<link\b[^>]*\bhref\s*=\s*[\"']?(?:https?:)?//[^>]*>"
    r"|<img\b[^>]*\bsrc\s*=\s*[\"']?(?:https?:)?//[^>]*>",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:https?:)?//[A-Za-z0-9][\w-]*(?:\.[\w-]+)+[^\s\"'<>()]*", re.IGNORECASE)


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(item.check for table in product.tables for item in suite(product, table))


def import_library() -> None:
    """Import Great Expectations ahead of its first use."""
    # A failure shows at the import that needs the library, where it is handled.
    with suppress(Exception):
        import great_expectations.expectations  # noqa: F401


def judge(folder: Path, product: Product, docs: Path | None = None) -> list[Verdict]:
    """Run the suite of every table on every audience's frame.

    One verdict for each expectation: it passes if it passes for every audience. Audiences that are given the
    same bytes are judged once, under the name of the first.

    Args:
        folder: the candidate's folder, with `protected/`.
        product: the contracts.
        docs: where to write the Data Docs; an earlier set is replaced. None writes none.
    """
    context = _context(docs)
    failures: dict[str, list[tuple[Outcome, str, str]]] = {}
    for table in product.tables:
        expectations = suite(product, table)
        judged: dict[object, list[tuple[Expectation, Outcome, str]]] = {}
        for audience in audiences_of(product, table):
            given = _given(folder, table, audience)
            if given not in judged:
                judged[given] = _run(context, folder, table, audience, expectations)
            for item, outcome, message in judged[given]:
                if outcome is not Outcome.PASS:
                    failures.setdefault(item.check, []).append((outcome, audience, message))
    if docs is not None:
        context.build_data_docs(site_names=[SITE])
        close_pages(docs)
    return [
        _verdict(item, failures.get(item.check, []))
        for table in product.tables
        for item in suite(product, table)
    ]


def _given(folder: Path, table: ProductTable, audience: str) -> object:
    """What tells the table of one audience from that of another: its columns and its bytes."""
    columns = tuple(column.name for column in table.columns_for(audience))
    try:
        return columns, file_hash(_file(folder, table, audience))
    except OSError:
        return audience


def _file(folder: Path, table: ProductTable, audience: str) -> Path:
    return folder / "protected" / audience / f"{table.name}.parquet"


def _context(docs: Path | None) -> Any:
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # else one bar a metric on stderr
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    if docs is not None:
        shutil.rmtree(docs, ignore_errors=True)
        context.add_data_docs_site(
            site_name=SITE,
            site_config={
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(docs.resolve()),
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
    context.data_sources.add_pandas("protected")
    return context


def _run(
    context: Any, folder: Path, table: ProductTable, audience: str, expectations: Iterable[Expectation]
) -> list[tuple[Expectation, Outcome, str]]:
    import great_expectations as gx

    columns = [column.name for column in table.columns_for(audience)]
    asked = [item for item in expectations if item.column is None or item.column in columns]
    try:
        frame = _frame(_file(folder, table, audience))
    except OSError as error:
        return [(item, Outcome.ERROR, str(error)) for item in asked]
    name = f"{audience}.{table.name}"
    batch = (
        context.data_sources.get("protected")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("all")
    )
    made = context.suites.add(
        gx.ExpectationSuite(name=name, expectations=[_expectation(item, columns) for item in asked])
    )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=made)
    )
    result = definition.run(batch_parameters={"dataframe": frame}, result_format=RESULT_FORMAT)
    by_check = {item.expectation_config.meta["check"]: item for item in result.results}
    return [(item, *_outcome(by_check.get(item.check))) for item in asked]


def _frame(file: Path) -> pandas.DataFrame:
    """The table as pandas sees it.

    Raises:
        OSError: there is no such file, or it is not Parquet.
    """
    import duckdb

    if not file.is_file():
        raise FileNotFoundError(f"the protected file {file.parent.name}/{file.name} is not there")
    try:
        with duckdb.connect(":memory:") as connection:
            return connection.execute(f"select * from read_parquet({text(str(file))})").df()
    except duckdb.Error as error:
        raise OSError(
            f"{file.parent.name}/{file.name} cannot be read: {str(error).splitlines()[0]}"
        ) from error


def _expectation(item: Expectation, columns: list[str]) -> Any:
    from great_expectations import expectations as kinds

    made = getattr(kinds, "Expect" + "".join(part.title() for part in item.kind.split("_")))
    arguments = dict(item.arguments)
    if item.column:
        arguments["column"] = item.column
    if item.kind == "table_columns_to_match_ordered_list":
        arguments["column_list"] = columns
    return made(meta={"check": item.check}, **arguments)


def _outcome(result: Any) -> tuple[Outcome, str]:
    if result is None:
        return Outcome.ERROR, "gave no result"
    if result.exception_info and _raised(result.exception_info):
        return Outcome.ERROR, "could not be evaluated"
    if result.success:
        return Outcome.PASS, ""
    count = (result.result or {}).get("unexpected_count")
    return Outcome.FAIL, f"{count} rows" if count else "does not hold"


def _raised(info: dict[str, Any]) -> bool:
    """Whether an exception was raised; GX writes one mapping, or one for each metric."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(item.get("raised_exception")) for item in info.values() if isinstance(item, dict))


def _verdict(item: Expectation, failures: list[tuple[Outcome, str, str]]) -> Verdict:
    outcomes = {outcome for outcome, _, _ in failures}
    worst = next((each for each in (Outcome.ERROR, Outcome.FAIL) if each in outcomes), Outcome.PASS)
    detail = "; ".join(f"{audience}: {message}" for _, audience, message in failures)
    return Verdict(
        check=item.check, kind=KIND, severity=CheckSeverity.CRITICAL, outcome=worst,
        message=f"{item.says}{': ' + detail if detail else ''}", location=item.table,
        guidance=GUIDANCE if failures else "",
    )  # fmt: skip


def close_pages(folder: Path) -> None:
    """Take every outside address out of the pages, styles and drawings in `folder`."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".css", ".svg"}:
            content = path.read_text(encoding="utf-8")
            closed = _ADDRESS.sub("", _TAGS.sub("", content))
            path.write_text(closed, encoding="utf-8")
