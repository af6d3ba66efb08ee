"""Release folders made by hand of what was protected, for tests of what readers were given before."""

from __future__ import annotations

import shutil
from pathlib import Path

from rcs_pipeline.disclosure.earlier import SUMS, Given
from rcs_pipeline.ledger.paths import file_hash


def given(candidate: Path, version: str, *, stands: bool = True) -> Given:
    """A release of a candidate's protected tables, beside the candidate's folder."""
    folders, hashes = {}, {}
    for audience in sorted(path for path in (candidate / "protected").iterdir() if path.is_dir()):
        folder = candidate.parent / "releases" / audience.name / version
        (folder / "parquet").mkdir(parents=True)
        for file in sorted(audience.glob("*.parquet")):
            shutil.copyfile(file, folder / "parquet" / file.name)
        lines = [
            f"{file_hash(file)}  parquet/{file.name}\n" for file in sorted(folder.glob("parquet/*.parquet"))
        ]
        (folder / SUMS).write_text("".join(lines), encoding="utf-8")
        folders[audience.name], hashes[audience.name] = folder, file_hash(folder / SUMS)
    return Given(version, folders, hashes, stands)
