"""Whatever stands in a document, an event or a check-in, the answer says what is wrong with it and never fails."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.unit.api import snapshots as made
from tests.unit.api.writing import WritingApi

pytestmark = pytest.mark.integration

KEY_RESULTS = [
    {"name": "users", "from": 10, "to": 20, "stretch": 30, "minSamples": 3, "measure": {"indicator": "users"}},
    {"name": "p99", "from": "800ms", "to": "200ms", "measure": {"promql": "p99", "unit": "s"}, "guards": ["errors"]},
    {"name": "errors", "operator": "le", "to": "3%", "critical": "5%", "measure": {"promql": "e", "unit": "ratio"}},
    {"name": "deploys", "from": 0, "to": 10, "measure": {"events": {"kind": "deploy", "where": {"env": "prod"}}}},
    {"name": "restore", "from": "4h", "to": "1h", "measure": {"incidents": {"quantity": "timeToRestore"}}},
    {"name": "survey", "from": 0, "to": 10, "measure": {"manual": {"expiresAfter": "14d"}}},
    {"name": "mix", "parts": [{"keyResult": "users", "weight": 1}, {"keyResult": "errors", "weight": 3}]},
    {"name": "cost", "kind": "relative", "change": "-40%", "baseline": {"over": "30d"}, "measure": {"promql": "c"}},
    {"name": "calm", "from": "12/month", "to": "3/month", "measure": {"incidents": {"severity": ["sev1"]}}},
]
BODIES: dict[str, tuple[str, str, Any]] = {
    "team": ("PUT", "/teams/growth", {"metadata": {"name": "growth"}, "spec": {}}),
    "cycle": (
        "PUT",
        "/cycles/spring",
        {
            "metadata": {"name": "spring"},
            "spec": {"start": "2026-04-01", "end": "2026-07-01", "timezone": "Europe/Berlin", "cadence": "weekly"},
        },
    ),
    "indicator": (
        "PUT",
        "/indicators/users",
        {"metadata": {"name": "users"}, "spec": {"title": "Users", "measure": {"promql": "users"}}},
    ),
    "objective": (
        "PUT",
        "/objectives/growth",
        {
            "metadata": {"name": "growth"},
            "spec": {"title": "Grow", "cycle": "spring", "team": "growth", "owner": "li", "keyResults": KEY_RESULTS},
        },
    ),
    "patch": ("PATCH", "/key-results/growth/users", {"to": 25, "weight": 2, "checkpoints": [], "owner": None}),
    "events": (
        "POST",
        "/events",
        [{"source": "ci", "id": "1", "kind": "deploy", "at": "2026-02-14T00:00:00Z", "attributes": {"env": "prod"}}],
    ),
    "check-in": (
        "POST",
        "/key-results/reliable-checkout/uptime/check-ins",
        {"confidence": 5, "override_value": 0.99, "override_expires_at": "2026-03-01T00:00:00Z"},
    ),
    "close": (
        "POST",
        "/cycles/2026-q1/close",
        {"key_results": [{"objective": "from-a-file", "key_result": "latency", "review": "Done.", "score": 0.5}]},
    ),
}

ODD: list[object] = [
    *(None, True, 0, -1, 1e308, 5e-324, 2**63, 2**64, 10**30, "", " ", "a" * 5000, [], {}, [None], [{}], {"a": 1}),
    *("-5", "NaN", "inf", "1e999", "-100%", "1e308/month", "9" * 400 + "d", "0s", "x\x00y", "../../etc/passwd"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-02-30", "Europe/Nowhere", "=1+1", "sum(", "growth"),
    *("users", "growth/mix", "p99", ["users", "users"], {"slo": "checkout-availability"}),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    api = WritingApi(Path(tmp_path_factory.mktemp("config")), made.rich_snapshot())
    api.made({"metadata": {"name": "growth"}, "spec": {}}, "/teams")
    for name in ("cycle", "indicator", "objective"):
        _, path, document = BODIES[name]
        api.made(document, path.rpartition("/")[0])
    with api.client("admin") as client:
        yield client


def _places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where anything stands in a JSON value."""
    yield at
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*at, key))


def _with(body: Any, place: tuple[str | int, ...], odd: object) -> Any:
    if not place:
        return odd
    changed = copy.deepcopy(body)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = odd
    return changed


@pytest.mark.parametrize("name", BODIES)
def test_no_odd_value_anywhere_is_a_server_error(client: TestClient, name: str):
    method, path, body = BODIES[name]

    @settings(
        max_examples=120,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(list(_places(body))), st.sampled_from(ODD))
    def says_what_is_wrong(place: tuple[str | int, ...], odd: object) -> None:
        answer = client.request(method, path, json=_with(body, place, odd), headers={"If-Match": "*"})
        assert answer.status_code < 500, (place, odd, answer.text)
        kept = client.request(method, path, json=body, headers={"If-Match": "*"})
        assert kept.status_code < 500, (place, odd, kept.text)

    says_what_is_wrong()


def test_a_whole_number_that_no_answer_can_hold_is_refused(client: TestClient):
    answer = client.patch("/objectives/growth", json={"spec": {"weight": 2**64}}, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert "64-bit" in answer.json()["errors"][0]["message"]
