"""What holds for every test: nothing reports home, nobody's RCS_HOME is touched, CI skips nothing in silence.

Fixtures of one room belong in that room's folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TELEMETRY_OFF = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DG_CLI_CONFIG": str(Path(__file__).resolve().parents[1] / "deploy" / "dg.toml"),
}
os.environ.update(TELEMETRY_OFF)

# Two workers share the cores with whatever else runs: a slow example is not a failing one.
settings.register_profile("rcs", deadline=None)
settings.load_profile("rcs")

_SKIPPED = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session", autouse=True)
def no_home_of_yours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the developer's settings and point RCS_HOME at a temporary folder, until the session ends."""
    home: Path = tmp_path_factory.mktemp("rcs_home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("RCS_")]:
            patch.delenv(name)
        patch.setenv("RCS_HOME", str(home))
        patch.delenv("DAGSTER_HOME", raising=False)
        yield


def in_ci() -> bool:
    """CI systems set CI to `true` or `1`."""
    return os.environ.get("CI", "").strip().lower() in {"1", "true", "yes"}


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The sentence given to skip(), without the place it was called from."""
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return reason.removeprefix("Skipped: ")


class SkipsCount:
    """Turns a skipped test into a failed session, unless it is marked `skip_ok`.

    Runs where the reports arrive, which under xdist is the controller.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.skipped = config.stash.setdefault(_SKIPPED, {})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and "skip_ok" not in report.keywords:
            self.skipped[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped[report.nodeid] = _reason(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.skipped:
            return
        terminalreporter.section("skipped in CI", red=True)
        for nodeid, reason in sorted(self.skipped.items()):
            terminalreporter.line(f"{nodeid}: {reason}")
        terminalreporter.line(
            f"CI runs every test, and {len(self.skipped)} skipped: provide what is missing in .ci/run, "
            "or mark the test skip_ok and say why."
        )


def pytest_configure(config: pytest.Config) -> None:
    """Watch for skips in CI; a worker of xdist reports to its controller, which does the watching."""
    if in_ci() and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipsCount(config), "rcs-skips-count")
