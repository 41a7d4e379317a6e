"""A proxy before Prometheus servers: each question goes to the next one, and none is answered while it is down."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_SECONDS = 60.0


class Proxy:
    """Where it answers, and whether it does.

    Attributes:
        is_down: every question is answered 503 while it is set.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self.is_down = False
        self._targets, self._turn = itertools.cycle(targets), threading.Lock()
        proxy = self

        class Questions(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._pass_on(b"")

            def do_POST(self) -> None:
                self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _pass_on(self, body: bytes) -> None:
                status, media_type, answer = proxy.answer(self.command, self.path, body, self.headers["Content-Type"])
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Questions)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, path: str, body: bytes, media_type: str | None) -> tuple[int, str, bytes]:
        """Status, media type and body of the answer of the server whose turn it is."""
        if self.is_down:
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"down for the benchmark\n"
        with self._turn:
            target = next(self._targets)
        headers = {"Content-Type": media_type} if media_type else {}
        found = requests.request(method, target + path, data=body, headers=headers, timeout=_SECONDS)
        return found.status_code, found.headers.get("Content-Type", "application/json"), found.content

    @contextmanager
    def serving(self) -> Iterator[Proxy]:
        """Answer until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
