"""Release: an approved candidate becomes an immutable version, and a small pointer moves to it last.

Belongs here: plans (what would change, and which version that makes), approvals, the release folder
of each audience, the pointers and their journal, rollback.

Does not belong here: deciding whether a candidate is safe (`disclosure`, `gate`), pages (`site`: they
are handed in as a function), formats that a later issue adds (the workbook and the DuckDB file).
"""
