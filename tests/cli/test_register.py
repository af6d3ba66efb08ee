"""The verb register: comparing, deciding, taking back, in text and in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rcs_pipeline.cli.main import main
from tests.planning.test_matching import HERE, space  # noqa: F401


@pytest.fixture
def rcs(space, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]  # noqa: F811
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--home", str(space.paths.home), *map(str, arguments)])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return int(str(left.value.code)), shown.out, shown.err

    return run


def test_a_map_is_compared_and_a_match_accepted_and_taken_back(rcs) -> None:  # type: ignore[no-untyped-def]
    code, out, err = rcs("register", "compare", HERE)
    assert code == 0
    assert "4 services in the map, 29 registered on 30 June 2019: 2 in both, 1 to look at" in out
    assert (
        out.splitlines()[-1] == f"Next: rcs register accept {HERE} S3 CS2003011477 --reason ... (or reject)"
    )
    assert err.count(".csv") == 5
    code, out, _ = rcs("register", "accept", HERE, "S3", "CS2003011477", "--reason", "same", "--as", "Ada")
    assert code == 0
    code, out, _ = rcs("register", "compare", HERE, "--format", "json")
    told = json.loads(out)
    assert [row["service_id"] for row in told["tables"]["matched"]] == ["S3", "S1", "S2"]
    code, out, _ = rcs("register", "list")
    assert "Ada" in out
    assert rcs("register", "drop", 1, "--reason", "slip")[0] == 0
    code, _, err = rcs("register", "drop", 1, "--reason", "slip")
    assert code == 2 and "rcs register list" in err
    assert rcs("register", "reject", HERE, "S3", "CS2003011477", "--reason", "no")[0] == 0
