"""The page at ``/``: where everything is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>okrbridge</title>
<style>body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }</style>
</head>
<body>
<h1>okrbridge</h1>
<p>Exact SLO ledgers that move OKR key results.</p>
<ul>
<li><a href="/api/v1/slos">SLOs</a>: budget, burn, state</li>
<li><a href="/api/v1/key-results">Key results</a>: value, progress, status</li>
<li><a href="/api/v1/objectives/tree">Objectives</a>, rolled up</li>
<li><a href="/api/v1/cycles">Cycles</a>: phases, scores, reports</li>
<li><a href="/api/v1/findings">Findings</a>: what is doubtful, and what to do</li>
<li><a href="/api/v1/checklists">Checklists</a> that fill themselves in</li>
<li><a href="/api/v1/annotations">Annotations</a>: deploys, incidents, changes</li>
<li><a href="/api/v1/definitions">Definitions</a>: what each status and number means</li>
<li><a href="/metrics">Metrics</a> for Prometheus</li>
<li><a href="/readyz?verbose">Readiness</a></li>
<li><a href="/docs">The API, described</a></li>
</ul>
</body>
</html>
"""


@router.get("/", response_class=HTMLResponse)
def get_landing_page() -> HTMLResponse:
    """Links to everything; loads nothing from elsewhere."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": policy})
