"""The current release in pandas: an empty cell is a missing value, never a zero."""

import json
from pathlib import Path

import pandas as pd

release = Path(json.loads(Path("current.json").read_text(encoding="utf-8"))["path"])
rows = pd.read_csv(release / "csv" / "indicator_estimates.csv", dtype={"release_version": str, "symbol": str})
print(rows["release_version"].iloc[0], len(rows), rows["estimate"].count(), rows["symbol"].count())
