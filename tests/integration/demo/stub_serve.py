"""Answers like a small ``okrbridge serve``: ``python stub_serve.py PORT [ready|never|failing|refusing]``."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLO = {"slo": "api-availability", "state": "ok", "budget_remaining_ratio": 0.36, "coverage_ratio": 1.0}
KEY_RESULT = {
    "objective": "o",
    "key_result": "uptime",
    "value": 0.9993,
    "unit": "ratio",
    "progress_ratio": 0.98,
    "status": "on_track",
    "forecast_p50": 1.0,
}
ITEMS = {"/api/v1/slos": [SLO], "/api/v1/key-results": [KEY_RESULT]}


class Stub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = sys.argv[2] in ("ready", "refusing")
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"items": ITEMS.get(self.path, []), "next": None}).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403 if sys.argv[2] == "refusing" else 201)
        self.end_headers()
        self.wfile.write(b"{}")


if __name__ == "__main__":
    if sys.argv[2] == "failing":
        sys.exit("the database is read-only")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stub).serve_forever()
