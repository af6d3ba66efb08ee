"""A dbt that cannot work at all leaves a sentence."""

from __future__ import annotations

from rcs_pipeline.warehouse.dbt_run import _last_words

CRASH = """\
Running with dbt
Traceback (most recent call last):
  File "somewhere/base.py", line 36, in write
    write_json(path, content)
    ^^^^^^^^^^^^^^^^^^^^^^^^^
OSError: [Errno 28] No space left on device
"""


def test_a_crash_of_dbt_is_told_by_its_error_alone() -> None:
    assert _last_words(CRASH) == "OSError: [Errno 28] No space left on device"


def test_what_dbt_says_itself_is_told_as_it_is() -> None:
    assert _last_words("Compilation Error\n  in model x\n  no such macro\n") == (
        "Compilation Error in model x no such macro"
    )
    assert _last_words("") == "it said nothing"
