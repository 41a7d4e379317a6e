import math

import pytest

from okrbridge.sources.simulated.evaluator import evaluate
from okrbridge.sources.simulated.fleet import Fleet
from okrbridge.sources.simulated.observation import UnknownToTheFleet
from okrbridge.sources.simulated.schedule import DAY
from okrbridge.sources.simulated.source import fleet_around

AT = 1_795_300_000 // 60 * 60


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return fleet_around(AT)


def _number(fleet: Fleet, query: str) -> float:
    value = evaluate(fleet, query, AT)
    if isinstance(value, dict):
        (value,) = value.values()
    return value


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("6 / 4 - 1", 0.5),
        ("1 / 0", math.inf),
        # Three services of three pods each, none of them restarting at this minute.
        ("count(up)", 9.0),
        ('sum(up{instance=~"api-.*"})', 3.0),
        ('count(up{instance!~"api-.*|search-.*"})', 3.0),
        ('count(up{job="fleet"}) - count(up{job!="payments"})', 0.0),
        ('count({__name__="up"})', 9.0),
        # Patterns are RE2's, as Prometheus': Python's re knows no \z.
        ('count(up{instance=~"api-.*\\\\z"})', 3.0),
        # A label that is missing counts as empty.
        ('count(up{service=""})', 9.0),
    ],
)
def test_numbers_that_follow_from_the_fleet_s_size(fleet: Fleet, query: str, value: float):
    assert _number(fleet, query) == value


def test_zero_over_zero_is_not_a_number(fleet: Fleet):
    assert math.isnan(_number(fleet, "0 / 0"))


def test_an_increase_is_exactly_what_happened(fleet: Fleet):
    truth = fleet.true_counts("payments", AT - 7 * DAY, AT)
    assert _number(fleet, 'sum(increase(http_requests_total{service="payments"}[7d]))') == truth.requests
    assert _number(fleet, 'sum(increase(http_requests_total{service="payments",code=~"5.."}[7d]))') == truth.failed
    rate = _number(fleet, 'sum(rate(http_requests_total{service="payments"}[7d]))')
    assert rate == pytest.approx(truth.requests / (7 * DAY), rel=1e-12)


def test_vectors_meet_on_equal_labels(fleet: Fleet):
    failed = 'sum by (service) (increase(http_requests_total{code=~"5.."}[1d]))'
    shares = evaluate(fleet, f"{failed} / sum by (service) (increase(http_requests_total[1d]))", AT)
    assert isinstance(shares, dict)
    assert set(shares) == {(("service", name),) for name in ("api", "search", "payments")}
    truth = fleet.true_counts("api", AT - DAY, AT)
    assert shares[("service", "api"),] == truth.failed / truth.requests


def test_without_drops_the_named_labels_only(fleet: Fleet):
    by_pod = evaluate(fleet, "sum without (code, service) (http_requests_total)", AT)
    assert isinstance(by_pod, dict)
    assert len(by_pod) == 9
    assert all([name for name, _ in labels] == ["instance", "job"] for labels in by_pod)


@pytest.mark.parametrize(("operator", "expected"), [("min", 3.0), ("max", 3.0), ("avg", 3.0), ("count", 3.0)])
def test_aggregations_of_three_equal_numbers(fleet: Fleet, operator: str, expected: float):
    # Each service has three pods, so the inner vector is 3, 3, 3.
    query = f"{operator}(count by (service) (http_request_duration_seconds_count))"
    assert _number(fleet, query) == expected


def test_a_quantile_is_linear_inside_its_bucket(fleet: Fleet):
    bounds = fleet.true_counts("api", AT - DAY, AT).by_bound
    rank = 0.99 * bounds["+Inf"]
    assert bounds["0.5"] < rank < bounds["1.0"]
    # Prometheus' rule: lower bound + width x (rank - below) / (in the bucket).
    expected = 0.5 + 0.5 * (rank - bounds["0.5"]) / (bounds["1.0"] - bounds["0.5"])
    query = 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{service="api"}[1d])))'
    assert _number(fleet, query) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("quantile", "value"),
    # The last bucket has no upper bound, so the bound below it is given; the first one begins at 0.
    [("1", 2.5), ("0", 0.0), ("2", math.inf), ("-1", -math.inf)],
)
def test_quantiles_at_the_edges(fleet: Fleet, quantile: str, value: float):
    buckets = 'sum by (le) (increase(http_request_duration_seconds_bucket{service="api"}[30d]))'
    assert _number(fleet, f"histogram_quantile({quantile}, {buckets})") == value


def test_nothing_is_seen_before_the_fleet_s_begin(fleet: Fleet):
    assert evaluate(fleet, "up", fleet.begins - 1) == {}
    whole = evaluate(fleet, 'sum(increase(http_requests_total{service="api"}[90d]))', AT)
    assert whole == {(): fleet.true_counts("api", fleet.begins, AT).requests}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("max_over_time(up[5m])", "max_over_time()"),
        ("up > 0", "operator >"),
        ("up or vector(0)", "operator or"),
        ("up * on (instance) up", "on, ignoring"),
        ("-up", "a sign"),
        ("topk(1, up)", "topk"),
        ("rate(http_requests_total[5m] offset 1m)", "offset"),
        ("up @ 3", "offset and @"),
        ("sum(rate(up[5m]))", "no counter"),
        ("sum_over_time(rate(http_requests_total[5m])[1h:])", "sum_over_time"),
        ("up[5m]", "range of samples"),
        ('"text"', "texts"),
        ("histogram_quantile(0.9, rate(up[5m]))", "no counter"),
    ],
)
def test_what_is_not_known_is_refused_by_name(fleet: Fleet, query: str, named: str):
    with pytest.raises(UnknownToTheFleet, match="the simulated source does not know") as refusal:
        evaluate(fleet, query, AT)
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ('{job="fleet"}', "must name its counter exactly"),
        ('{__name__=~"up|down"}', "must name its counter exactly"),
        ('up{job="fleet" or job="other"}', "no `or` between matchers"),
        ('up{job="fleet",job="other"}', "no series can match"),
    ],
)
def test_selectors_are_read_as_everywhere(fleet: Fleet, query: str, told: str):
    with pytest.raises(ValueError, match=told):
        evaluate(fleet, query, AT)
