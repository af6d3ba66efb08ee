"""The outside hears of a release after its pointers moved, once, and a deaf hook stops nothing."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rcs_pipeline.ledger.records import ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.notices import untold
from rcs_pipeline.release.rollback import withdraw_release
from tests.release.helpers import INDICATORS, approved, candidate, corrected, released

LATER = "2026-05-05T10:00:00+00:00"
ATOM = "{http://www.w3.org/2005/Atom}"


def hooked(workspace: Workspace, **hooks: str) -> Workspace:
    other = replace(workspace, settings=replace(workspace.settings, **hooks))
    other.__dict__["catalogue"] = workspace.catalogue
    return other


def test_a_command_gets_the_notice_when_the_pointer_has_moved(workspace: Workspace, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    script = tmp_path / "hook.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "notice = json.load(sys.stdin)\n"
        f"pointer = pathlib.Path({str(workspace.paths.releases)!r}, 'mini/open/current.json')\n"
        "notice['pointer'] = json.loads(pointer.read_text())['version']\n"
        f"pathlib.Path({str(told)!r}).write_text(json.dumps(notice))\n",
        encoding="utf-8",
    )
    workspace = hooked(workspace, notify_command=f"{sys.executable} {script}")
    candidate(workspace)
    released(workspace)
    notice = json.loads(told.read_text(encoding="utf-8"))
    assert (notice["version"], notice["pointer"], notice["kind"]) == ("1.0.0", "1.0.0", "publish")
    assert (
        Path(notice["mail"]).read_text(encoding="utf-8").startswith("Subject: A small product: version 1.0.0")
    )
    assert untold(workspace) == 0


def test_a_breaking_release_and_a_withdrawal_say_so_in_their_mail(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, indicators=INDICATORS.replace("range(1, 6)", "range(1, 5)"), built_at=LATER)
    plan = approved(workspace)
    from rcs_pipeline.release.approve import approve
    from rcs_pipeline.release.publish import publish
    from rcs_pipeline.site.index import write_pages

    approve(workspace, plan.id, "second")
    publish(workspace, plan.id, pages=write_pages)
    withdraw_release(workspace, "mini", "2.0.0", "Indicator 5 is missing")
    mails = [
        path.read_text(encoding="utf-8") for path in sorted((workspace.paths.reports / "notices").iterdir())
    ]
    assert "[breaking]" in mails[1] and "Dashboard of the board (The board's analyst)" in mails[1]
    assert "Version 2.0.0 is withdrawn: do not use it. The reason: Indicator 5 is missing" in mails[2]


def test_a_hook_that_fails_stops_nothing_and_is_tried_again(workspace: Workspace, tmp_path: Path) -> None:
    deaf = hooked(workspace, notify_command="/nowhere/hook", notify_webhook="file:///etc/passwd")
    candidate(workspace)
    assert released(deaf).version == "1.0.0"
    (failed,) = workspace.ledger.events(action="notice.failed")
    assert len(failed.detail["problems"]) == 2 and "neither http nor https" in failed.detail["problems"][1]
    assert untold(workspace) == 1
    finish_interrupted_moves(workspace)  # the hooks are mended: none is set
    assert untold(workspace) == 0
    assert len(workspace.ledger.events(action="notice.sent")) == 1


def test_a_webhook_gets_the_notice(workspace: Workspace) -> None:
    heard: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        candidate(workspace)
        released(hooked(workspace, notify_webhook=f"http://127.0.0.1:{server.server_port}/hook"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [item["version"] for item in heard] == ["1.0.0"]


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """A port where whoever connects is told this; None: where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        if answer is not None:
            threading.Thread(target=_answer, args=(server, answer), daemon=True).start()
            yield port
            server.shutdown(socket.SHUT_RDWR)
            return
    yield port


def _answer(server: socket.socket, answer: bytes) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # the test is over
            return
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)


HOOK = "http://127.0.0.1:PORT/hook"


@pytest.mark.parametrize(
    ("address", "answer", "says"),
    [
        (HOOK, None, "URLError: <urlopen error [Errno 111] Connection refused>"),
        (HOOK, b"220 mail.example ESMTP\r\n", "the answer is not HTTP (BadStatusLine)"),
        ("http://[::1", None, "the address is malformed"),
        ("http://127.0.0.1:port/secret", None, "the address is malformed"),
    ],
)
def test_no_webhook_stops_a_publication_or_a_withdrawal(
    workspace: Workspace, address: str, answer: bytes | None, says: str
) -> None:
    candidate(workspace)
    with answering(answer) as port:
        deaf = hooked(workspace, notify_webhook=address.replace("PORT", str(port)))
        assert released(deaf).version == "1.0.0"
        assert untold(workspace) == 1
        withdraw_release(deaf, "mini", "1.0.0", "Wrong weights")
    (release,) = workspace.ledger.releases("mini")
    assert release.status is ReleaseStatus.WITHDRAWN
    assert not (workspace.paths.releases / "mini/open/current.json").exists()
    problems = [item.detail["problems"] for item in workspace.ledger.events(action="notice.failed")]
    assert len(problems) > 2 and all(item == [f"webhook: {says}"] for item in problems)


def test_a_command_of_nothing_but_a_space_is_a_problem_and_stops_nothing(workspace: Workspace) -> None:
    candidate(workspace)
    assert released(hooked(workspace, notify_command=" ")).version == "1.0.0"
    (failed,) = workspace.ledger.events(action="notice.failed")
    assert failed.detail["problems"] == ["command: IndexError"]


def test_the_feed_tells_releases_and_withdrawals_newest_first(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    released(workspace)
    withdraw_release(workspace, "mini", "1.0.1", "Wrong weights")
    feed = workspace.paths.releases / "mini/open/feed.xml"
    root = ElementTree.parse(feed).getroot()  # noqa: S314  (our own file)
    titles = [item.findtext(f"{ATOM}title") for item in root.iter(f"{ATOM}entry")]
    assert titles[0] == "mini 1.0.1 withdrawn: do not use it"
    assert set(titles[1:]) == {"mini 1.0.1 released", "mini 1.0.0 released"}
    ids = [item.findtext(f"{ATOM}id") for item in root.iter(f"{ATOM}entry")]
    assert len(set(ids)) == 3
    assert root.findtext(f"{ATOM}updated") and "SYNTHETIC" in str(root.findtext(f"{ATOM}title"))
