"""Answers like a small ``okrbridge serve``: ``python stub_serve.py PORT [ready|never|failing]``."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLO = {"slo": "api-availability", "state": "ok", "budget_remaining_ratio": 0.36, "coverage_ratio": 1.0}
KEY_RESULT = {"objective": "o", "key_result": "uptime", "value": 0.9993, "unit": "ratio", "status": "on_track"}


class Stub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = sys.argv[2] == "ready"
        items = [SLO] if self.path == "/api/v1/slos" else [KEY_RESULT] if self.path == "/api/v1/key-results" else []
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"items": items, "next": None}).encode())


if __name__ == "__main__":
    if sys.argv[2] == "failing":
        sys.exit("the database is read-only")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stub).serve_forever()
