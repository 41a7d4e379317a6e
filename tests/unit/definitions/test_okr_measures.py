from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.definitions.okr_samples import INDICATOR, SOURCES, codes, faults, key_result
from tests.unit.definitions.samples import CYCLE, RELEASE, SLO, codes_of, faults_of, loaded

from okrbridge.definitions.loader import load
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.measures import (
    Aggregation,
    CsvMeasure,
    EventMeasure,
    HttpMeasure,
    IncidentMeasure,
    IncidentQuantity,
    IndicatorMeasure,
    KeyResultMeasure,
    ManualMeasure,
    PromqlMeasure,
    SloMeasure,
    SloQuantity,
    SqlMeasure,
)
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.units import RATIO, parse_unit
from okrbridge.domain.windows import RollingWindow

WEEK = RollingWindow(timedelta(days=7))
RATIOS = ("from: 10%", "to: 20%")
COUNTS = ("from: 10", "to: 20")
TIMES = ("from: 10min", "to: 5min")
MEASURES = [
    (RATIOS, "{slo: api-availability, quantity: compliance, over: 7d}",
     SloMeasure("api-availability", SloQuantity.COMPLIANCE, WEEK)),
    (COUNTS, "{promql: up, source: prometheus}", PromqlMeasure("up", "prometheus")),
    (RATIOS, "{indicator: activation}", IndicatorMeasure("activation", RATIO)),
    (COUNTS, "{incidents: {severity: [sev1, sev2], service: [api]}, over: 7d}",
     IncidentMeasure(("sev1", "sev2"), ("api",), over=WEEK)),
    (TIMES, "{incidents: {quantity: timeToDetect, aggregation: p90}}",
     IncidentMeasure(quantity=IncidentQuantity.TIME_TO_DETECT, aggregation=Aggregation.P90, unit=parse_unit("s"))),
    (RATIOS, "{events: {kind: first-value, per: signup, within: 7d, where: {plan: pro}}, over: 7d}",
     EventMeasure("first-value", {"plan": "pro"}, per="signup", within=timedelta(days=7), over=WEEK, unit=RATIO)),
    (TIMES, "{events: {kind: build, aggregation: p95, attribute: duration}, unit: s}",
     EventMeasure("build", aggregation=Aggregation.P95, attribute="duration", unit=parse_unit("s"))),
    (COUNTS, "{events: {kind: active, aggregation: distinct}}",
     EventMeasure("active", aggregation=Aggregation.DISTINCT)),
    (RATIOS, "{keyResult: rock-solid-api/kr2}", KeyResultMeasure("rock-solid-api/kr2")),
    (COUNTS, "{sql: 'SELECT count(*) FROM t', source: billing-db, over: 7d}",
     SqlMeasure("SELECT count(*) FROM t", "billing-db", over=WEEK)),
    (RATIOS, "{http: {path: /v1, value: $.a.b, samples: $.n}, source: status-page, unit: '%'}",
     HttpMeasure("$.a.b", "status-page", "/v1", "$.n", unit=parse_unit("%"))),
    (COUNTS, "{csv: {column: score, aggregation: mean, where: {team: api}, time: at}, source: survey, over: 7d}",
     CsvMeasure("survey", "score", Aggregation.MEAN, {"team": "api"}, "at", over=WEEK)),
    (COUNTS, "{csv: {column: cost, dividedBy: calls}, source: survey}",
     CsvMeasure("survey", "cost", divisor_column="calls")),
    (COUNTS, "{csv: {where: {state: open}}, source: survey}",
     CsvMeasure("survey", aggregation=Aggregation.COUNT, where={"state": "open"})),
    (TIMES, "{manual: {expiresAfter: 14d}}", ManualMeasure(timedelta(days=14), parse_unit("min"))),
]  # fmt: skip
KR2 = "    - {name: kr2, done: false}\n"


def with_second(*lines: str) -> tuple[str, ...]:
    """The same lines, and a second key result after them."""
    return (*lines[:-1], f"{lines[-1]}\n{KR2.rstrip()}")


@pytest.mark.parametrize(("numbers", "measure", "expected"), MEASURES)
def test_every_measure_can_be_declared(numbers, measure, expected):
    assert key_result(*with_second(*numbers, f"measure: {measure}")).measure == expected


def test_a_population_has_a_member_for_each_row():
    share = "share: {}"

    sql = key_result(share, "measure: {sql: 'WITH x AS (SELECT 1) SELECT * FROM x', source: billing-db, members: true}")
    http = key_result(share, "measure: {http: {value: '$[*].ok', member: '$[*].name'}, source: status-page}")
    csv = key_result(share, "measure: {csv: {column: ok, member: repo}, source: survey}")

    assert getattr(sql.measure, "has_members", False)
    assert getattr(http.measure, "member_path", "") == "$[*].name"
    assert getattr(csv.measure, "member_column", "") == "repo"


FAULTY = [
    (COUNTS, "{promql: up, member: repo}", "does_not_belong measure.member"),
    (COUNTS, "{sql: 'SELECT 1', source: billing-db, members: true}", "does_not_belong measure.members"),
    (COUNTS, "{csv: {column: a, member: b}, source: survey}", "does_not_belong measure.csv.member"),
    (COUNTS, "{sql: 'DELETE FROM t', source: billing-db}", "wrong_query measure.sql"),
    (COUNTS, "{sql: 'SELECT 1'}", "missing_key measure.source"),
    (COUNTS, "{sql: 'SELECT 1', source: survey}", "wrong_source measure.source"),
    (COUNTS, "{promql: up, source: billing-db}", "wrong_source measure.source"),
    (COUNTS, "{csv: {column: a}, source: prometheus}", "wrong_source measure.source"),
    (COUNTS, "{http: {value: $.a}, source: billing}", "dangling_reference measure.source"),
    (COUNTS, "{http: {value: a.b}, source: status-page}", "wrong_query measure.http.value"),
    (COUNTS, "{http: {value: $.a, path: '@evil.example/'}, source: status-page}", "wrong_value measure.http.path"),
    (COUNTS, "{http: {value: $.a, path: '//evil.example'}, source: status-page}", "wrong_value measure.http.path"),
    (COUNTS, "{http: {}, source: status-page}", "missing_key measure.http.value"),
    (TIMES, "{http: {value: $.a}, source: status-page}", "wrong_unit measure.unit"),
    (COUNTS, "{csv: {aggregation: mean}, source: survey}", "missing_key measure.csv.column"),
    (COUNTS, "{csv: {column: a, aggregation: mean, dividedBy: b}, source: survey}",
     "does_not_belong measure.csv.dividedBy"),
    (COUNTS, "{csv: {column: a}, source: survey, members: true}", "does_not_belong measure.members"),
    (COUNTS, "{incidents: {aggregation: mean}}", "does_not_belong measure.incidents.aggregation"),
    (COUNTS, "{incidents: {quantity: timeToRestore}}", "wrong_unit measure.incidents"),
    (TIMES, "{incidents: {quantity: timeToRestore, aggregation: count}}", "wrong_value measure.incidents.aggregation"),
    (COUNTS, "{events: {}}", "missing_key measure.events.kind"),
    (COUNTS, "{events: {kind: a, per: b}}", "wrong_unit measure.events"),
    (RATIOS, "{events: {kind: a}}", "wrong_unit measure.events"),
    (COUNTS, "{events: {kind: a, within: 7d}}", "does_not_belong measure.events.within"),
    (COUNTS, "{events: {kind: a, attribute: b}}", "does_not_belong measure.events.attribute"),
    (COUNTS, "{events: {kind: a, aggregation: mean}}", "missing_key measure.events.attribute"),
    (COUNTS, "{events: {kind: a}, unit: s}", "does_not_belong measure.unit"),
    (COUNTS, "{indicator: activation}", "wrong_unit measure.indicator"),
    (COUNTS, "{indicator: activations}", "dangling_reference measure.indicator"),
    (COUNTS, "{keyResult: kr2}", "wrong_unit measure.keyResult"),
    (COUNTS, "{manual: {}}", "missing_key measure.manual.expiresAfter"),
    (COUNTS, "{manual: {expiresAfter: 14d}, unit: s}", "wrong_unit measure.unit"),
]  # fmt: skip


@pytest.mark.parametrize(("numbers", "measure", "expected"), FAULTY)
def test_a_measure_that_cannot_work_is_refused(numbers, measure, expected):
    assert codes(*with_second(*numbers, f"measure: {measure}")) == [expected]


def test_a_source_of_the_wrong_type_is_told_with_both_types():
    ((_, _, message),) = faults(*COUNTS, "measure: {sql: 'SELECT 1', source: survey}")

    assert message == "survey is a DataSource of type CSV; sql is asked of one of type SQL"


def test_an_sli_is_not_asked_of_a_database():
    text = SLO.replace("metricSourceRef: prometheus", "metricSourceRef: billing-db") + SOURCES

    assert "wrong_source" in codes_of(text)


def test_a_source_of_an_unknown_type_is_told_the_known_ones():
    source = "---\napiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: sheet}\n"
    (fault,) = faults_of(f"{CYCLE}{source}spec: {{type: Excel, connectionDetails: {{url: https://sheet.example}}}}\n")

    assert fault.endswith(
        f"sources of type 'Excel' are not supported by {RELEASE} yet; use Prometheus, SQL, HTTP or CSV"
    )


def test_sources_of_every_type_are_declared_with_secrets_by_reference():
    sql, http, csv = loaded(CYCLE + SOURCES).definitions.sources

    details = {"url": "postgresql://reader@db.example/bills", "password_file": "/run/secrets/db"}
    assert sql == DataSource("billing-db", "SQL", details)
    details = {"url": "https://status.example/api", "bearer_token_file": "/run/secrets/status"}
    assert http == DataSource("status-page", "HTTP", details)
    assert csv == DataSource("survey", "CSV", {"path": "data/survey.csv", "delimiter": ";"})


def test_a_csv_path_is_seen_from_the_folder_of_its_document(tmp_path: Path):
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "sources.yaml").write_text(CYCLE + SOURCES)

    sources = load([tmp_path]).definitions.sources

    assert sources[2].details["path"] == str(tmp_path / "team" / "data" / "survey.csv")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("reader@db", "reader:secret@db", "secret_in_document"),
        ("postgresql://reader@db.example/bills", "the database", "wrong_value"),
        ("passwordFile: /run/secrets/db", "password: hunter2", "secret_in_document"),
        ("passwordFile: /run/secrets/db", "password: $DB, passwordFile: /run/secrets/db", "wrong_value"),
        ("https://status.example", "https://me:secret@status.example", "secret_in_document"),
        ("https://status.example/api/", "ftp://status.example", "wrong_value"),
        ("bearerTokenFile: /run/secrets/status", "passwordFile: /run/secrets/status", "missing_key"),
        ("bearerTokenFile: /run/secrets/status", "headers: {X-Key: secret}", "unsupported"),
        ("bearerTokenFile: /run/secrets/status", "certFile: a.pem", "missing_key"),
        ("path: data/survey.csv, ", "", "missing_key"),
        ("delimiter: ;", "delimiter: ';;'", "wrong_value"),
        ("type: CSV", "type: Excel", "unsupported"),
    ],
)
def test_a_source_with_a_written_secret_or_a_wrong_address_is_refused(old, new, code):
    text = CYCLE + SOURCES
    assert text.count(old) == 1

    assert code in codes_of(text.replace(old, new))
    assert not any("secret@" in line or "hunter2" in line for line in faults_of(text.replace(old, new)))


def test_an_indicator_has_a_unit_a_healthy_range_and_other_measures():
    text = CYCLE + (
        INDICATOR.replace("promql: activation, unit: ratio", "promql: latency, unit: s")
        .replace("40%", "100ms")
        .replace("90%", "0.5s")
        .replace("northStar: true", "owner: maria, tolerance: 2%, also: [{promql: other, unit: ms}]")
    )

    (found,) = loaded(text).definitions.indicators

    # low tells the unit: 0.5 s are 500 ms
    assert found == Indicator(
        name="activation",
        title="activation",
        measure=PromqlMeasure("latency", "prometheus", parse_unit("s")),
        unit=parse_unit("ms"),
        owner="maria",
        low=100,
        high=500,
        also=(PromqlMeasure("other", "prometheus", parse_unit("ms")),),
        tolerance_ratio=0.02,
    )


def test_an_indicator_without_limits_has_the_unit_of_its_measure():
    text = CYCLE + INDICATOR.replace("low: 40%, high: 90%, northStar", "northStar")

    (found,) = loaded(text).definitions.indicators

    assert (found.unit, found.is_north_star, found.measure.unit) == (RATIO, True, RATIO)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("promql: activation, unit: ratio", "indicator: activation", "does_not_belong"),
        ("promql: activation, unit: ratio", "keyResult: a/b", "does_not_belong"),
        ("promql: activation, unit: ratio", "promql: activation", "wrong_unit"),
        ("promql: activation, unit: ratio", "slo: nowhere", "dangling_reference"),
        ("unit: ratio", "unit: ratio, member: repo", "does_not_belong"),
        ("high: 90%", "high: 90ms", "wrong_unit"),
        ("high: 90%", "high: 30%", "wrong_value"),
        ("high: 90%", "also: [{promql: other, unit: s}]", "wrong_unit"),
        ("measure: {promql: activation, unit: ratio}, ", "", "missing_key"),
    ],
)
def test_a_faulty_indicator_is_refused(old, new, code):
    assert codes_of(CYCLE + INDICATOR.replace(old, new)) == [code]
