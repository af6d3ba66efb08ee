"""The share of prevention is read off the released summary; withheld stays withheld."""

from __future__ import annotations

from pathlib import Path

from rcs_pipeline.planning.shares import PreventionShare, prevention_shares

HEADER = (
    "collection,cpp_name,reporting_year,breakdown_by,breakdown_value,gross_actual,prevention_share,symbol\n"
)


def test_the_rows_about_all_services_are_taken(tmp_path: Path) -> None:
    table = tmp_path / "service_map_summary.csv"
    table.write_text(
        HEADER + "t1-here-2016,Here,2015-16,all,all,1200.5,0.25,\n"
        "t1-here-2016,Here,2015-16,level_of_support,universal,300,1,\n"
        "t1-there-2016,There,,all,all,,,c\n",
        encoding="utf-8",
    )
    assert prevention_shares(table) == (
        PreventionShare("t1-here-2016", "Here", "2015-16", 1200.5, 0.25, ""),
        PreventionShare("t1-there-2016", "There", "", None, None, "c"),
    )


def test_a_share_that_alone_is_withheld_says_so(tmp_path: Path) -> None:
    table = tmp_path / "service_map_summary.csv"
    table.write_text(
        HEADER.replace("symbol", "symbol,prevention_symbol")
        + "t1-here-2016,Here,2015-16,all,all,1200.5,,,c\n",
        encoding="utf-8",
    )
    assert prevention_shares(table) == (
        PreventionShare("t1-here-2016", "Here", "2015-16", 1200.5, None, "c"),
    )


def test_a_release_without_the_summary_has_no_shares(tmp_path: Path) -> None:
    assert prevention_shares(tmp_path / "service_map_summary.csv") == ()
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    assert prevention_shares(other) == ()
    other.write_text("", encoding="utf-8")
    assert prevention_shares(other) == ()
