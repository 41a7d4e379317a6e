"""A stub that answers as a Prometheus does on a bad day: one answer after the other, and a record of what was asked."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import requests


@dataclass(frozen=True)
class Reply:
    """One answer of the stub.

    Attributes:
        delay: seconds to wait before it.
        cut: how many bytes of the body to hold back although the length promises them.
        drop: break the connection without any answer.
        trickle: seconds to wait before each byte of the body.
        times: how often the body is sent, as one long body that stands nowhere in memory.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    cut: int = 0
    drop: bool = False
    trickle: float = 0.0
    times: int = 1


@dataclass(frozen=True)
class Request:
    """What the stub was asked; ``form`` is what the body held."""

    method: str
    path: str
    params: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]


def success(data: Any, **beside: Any) -> Reply:
    """Prometheus' envelope around ``data``; warnings and infos go beside it."""
    return Reply(body=json.dumps({"status": "success", "data": data, **beside}).encode())


def vector(*values: str, labels: Sequence[Mapping[str, str]] = (), **beside: Any) -> Reply:
    """An instant vector with these values, such as ``"1.5"`` or ``"NaN"``."""
    given = list(labels) or [{"instance": f"pod-{number}"} for number in range(len(values))]
    result = [{"metric": metric, "value": [0, value]} for metric, value in zip(given, values, strict=True)]
    return success({"resultType": "vector", "result": result}, **beside)


def error(status: int, kind: str, message: str, **more: Any) -> Reply:
    """Prometheus' own way to fail."""
    return Reply(status, json.dumps({"status": "error", "errorType": kind, "error": message}).encode(), **more)


LOGIN_PAGE = Reply(body=b"<!DOCTYPE html><title>Sign in</title>", content_type="text/html; charset=utf-8")


class StubPrometheus:
    """Answers with the given replies in order, the last one for ever; a context manager.

    Replies may be given for a path alone by ``at``; those not in ``replies``.
    """

    def __init__(self, *replies: Reply, at: Mapping[str, Reply] | None = None) -> None:
        self.requests: list[Request] = []
        self._replies, self._at = list(replies), dict(at or {})
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler.bound_to(self._next))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            if request.path in self._at:
                return self._at[request.path]
            return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


Damage = Callable[[Request, Reply], Reply]
"""What becomes of an answer on its way: from what was asked and what a real server said."""


class FaultyPrometheus(StubPrometheus):
    """Passes every question on to a real server, and damages the answers as it is told; a context manager.

    Attributes:
        damage: how; None lets every answer through as it is.
    """

    def __init__(self, url: str) -> None:
        super().__init__(at={})
        self.damage: Damage | None = None
        self._behind = url

    def _next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
        said = requests.post(self._behind + request.path, data=request.form, timeout=30)
        reply = Reply(said.status_code, said.content, content_type=said.headers["Content-Type"])
        return self.damage(request, reply) if self.damage else reply


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the stub that ``bound_to`` joined it with, and sends what it says."""

    protocol_version = "HTTP/1.1"
    next_reply: Callable[[Request], Reply]

    @classmethod
    def bound_to(cls, next_reply: Callable[[Request], Reply]) -> type[Self]:
        return type("BoundHandler", (cls,), {"next_reply": staticmethod(next_reply)})

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(dict(parse_qsl(body.decode(), keep_blank_values=True)))

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def _answer(self, form: Mapping[str, str]) -> None:
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query))
        reply = type(self).next_reply(Request(self.command, parts.path, params, form, dict(self.headers)))
        time.sleep(reply.delay)
        self.close_connection = reply.drop or bool(reply.cut)
        if not reply.drop:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body) * reply.times))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self._write(reply)
        except OSError:
            self.close_connection = True  # the client gave up, as some tests want

    def _write(self, reply: Reply) -> None:
        body = reply.body[: len(reply.body) - reply.cut]
        for piece in [body[i : i + 1] for i in range(len(body))] if reply.trickle else [body]:
            time.sleep(reply.trickle)
            for _ in range(reply.times):
                self.wfile.write(piece)
