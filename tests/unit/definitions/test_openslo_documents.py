# ruff: noqa: E501, ISC004 - a row of a table, with the very line it expects, reads best unbroken
from datetime import timedelta

import pytest
from tests.unit.definitions.samples import RELEASE, SLO, changed, codes_of, faults_of, loaded

from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import RollingWindow

SLI = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: api-requests}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {type: prometheus, spec: {query: 'http_requests_total{code="200"}'}}}
    total: {metricSource: {type: prometheus, spec: {query: http_requests_total}}}
"""
SOURCE = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: thanos}
spec:
  type: Prometheus
  connectionDetails:
    url: https://thanos.example:10902/prefix/
"""
BAD = "bad: {metricSource: {metricSourceRef: prometheus, spec: {query: 'http_requests_total{code=~\"5..\"}'}}}"
METRIC = "spec.indicator.spec.ratioMetric"
LATER = f"not supported by {RELEASE} yet"
CALENDAR = 'isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}'
NO_BUDGET = (
    "a target of 100% leaves no error budget to measure; choose one below it, such as 99.99%, or count failures with the "
    'annotation okrbridge.dev/count-budget: "5"'
)

# what is replaced in SLO, by what, and the faults
FAULTY = [
    ("name: api-availability", "name: API_Availability",
     ["3:18: metadata.name: a name is made of a-z, 0-9, - and .; write 'api-availability'"]),
    ("name: api-availability", "name: 2026", ["3:18: metadata.name: must be text, not 2026; put it in quotes"]),
    ("{name: api-availability}", "{}", ["3:11: metadata.name: is missing"]),
    ("{name: api-availability}", "{name: a, labels: {team: 7}}",
     ["3:36: metadata.labels.team: must be text or a list of texts; put '7' in quotes"]),
    ("{name: api-availability}", "{name: a, annotations: {okrbridge.dev/x: y, other.dev/x: y}}",
     ["3:35: metadata.annotations['okrbridge.dev/x']: unknown annotation; an SLO knows burn-policy, composite, "
      "composite-target, count-budget, minimum-events, minimum-failures, no-data, samples, after okrbridge.dev/"]),
    ("  service: api\n", "", ["5:3: spec.service: is missing"]),
    ("  service: api\n", "  servce: api\n",
     ["5:3: spec.servce: unknown key; did you mean 'service'?", "5:3: spec.service: is missing"]),
    ("service: api", "service:", ["5:11: spec.service: has no value; write one or remove the key"]),
    ("service: api", "service: ' '", ["5:12: spec.service: is empty; write a text"]),
    ("service: api", "service: [api]", ["5:12: spec.service: must be text, not a list"]),
    ("counter: true", "counter: yes", [f"10:18: {METRIC}.counter: must be true or false, not 'yes'"]),
    (BAD, f"{BAD}\n        good: {BAD[5:]}",
     [f"10:9: {METRIC}: needs exactly one of good and bad beside total; there are both"]),
    ("total:", "totl:", [f"12:9: {METRIC}.totl: unknown key; did you mean 'total'?", f"10:9: {METRIC}.total: is missing"]),
    ("{type: Prometheus, ", "{type: CloudWatch, ",
     [f"12:38: {METRIC}.total.metricSource.type: sources of type 'CloudWatch' are {LATER}; use Prometheus"]),
    ("{type: Prometheus, ", "{",
     [f"12:31: {METRIC}.total.metricSource: needs metricSourceRef: NAME, or type: Prometheus for the default source"]),
    ("metricSourceRef: prometheus", "metricSourceRef: promtheus",
     [f"11:47: {METRIC}.bad.metricSource.metricSourceRef: there is no DataSource named 'promtheus'; declare it, or write "
      "prometheus for the default source",
      f"10:9: {METRIC}: counts in two sources, 'promtheus' and 'prometheus'; name one, they are read together"]),
    ("duration: 30d", "duration: 1M",
     ["13:27: spec.timeWindow[0].duration: '1M': months, quarters and years have no fixed length; write days or weeks, "
      f"such as 30d or 4w; or a calendar window, with {CALENDAR}"]),
    ("duration: 30d", "duration: 5000d", ["13:27: spec.timeWindow[0].duration: '5000d' is longer than ten years"]),
    ("duration: 30d", "duration: 30", ["13:27: spec.timeWindow[0].duration: must be a duration, such as 30d or 4w"]),
    ("isRolling: true", "isRolling: false", [f"13:43: spec.timeWindow[0].isRolling: a calendar window needs its beginning; write {CALENDAR}"]),
    ("isRolling: true", "calendar: {startTime: x}",
     ["13:54: spec.timeWindow[0].calendar.startTime: must be a time without an offset, such as 2026-01-01 00:00:00, or a "
      "date", "13:42: spec.timeWindow[0].calendar.timeZone: is missing"]),
    ("{duration: 30d, isRolling: true}", "", ["13:15: spec.timeWindow: needs at least one entry"]),
    ("isRolling: true}", "isRolling: true}, {duration: 7d}", ["13:15: spec.timeWindow: has more than 1 entries"]),
    ("Occurrences", "Timeslices", ["15:16: spec.objectives[0]: Timeslices needs timeSliceTarget, such as 0.95",
                                     "15:16: spec.objectives[0]: Timeslices needs timeSliceWindow, such as 1m"]),
    ("Occurrences", "occurences", ["14:20: spec.budgetingMethod: 'occurences' is no budgeting method; did you mean 'Occurrences'?"]),
    ("target: 0.999", "target: 1", [f"15:25: spec.objectives[0].target: {NO_BUDGET}"]),
    ("target: 0.999", "targetPercent: 100.0", [f"15:32: spec.objectives[0].targetPercent: {NO_BUDGET}"]),
    ("target: 0.999", "target: 99.9",
     ["15:25: spec.objectives[0].target: 99.9 is not between 0 and 1; write target: 0.999 or targetPercent: 99.9"]),
    ("target: 0.999", "target: 0",
     ["15:25: spec.objectives[0].target: 0 is not between 0 and 1; write target: 0.999 or targetPercent: 99.9"]),
    ("target: 0.999", "target: 99.9%", ["15:25: spec.objectives[0].target: must be a number, not '99.9%'"]),
    ("target: 0.999", "target: true", ["15:25: spec.objectives[0].target: must be a number, not true"]),
    ("target: 0.999", "displayName: x",
     ["15:16: spec.objectives[0]: needs exactly one of target and targetPercent; there are none"]),
    ("target: 0.999", "target: 0.9, targetPercent: 90",
     ["15:16: spec.objectives[0]: needs exactly one of target and targetPercent; there are both"]),
    ("target: 0.999", "target: 0.9, compositeWeight: 1",
     ["15:30: spec.objectives[0].compositeWeight: belongs to an objective with an indicator of its own; remove it"]),
    ("target: 0.999", "target: 0.9, timeSliceTarget: 0.9",
     ["15:30: spec.objectives[0].timeSliceTarget: does not go with Occurrences; remove it"]),
    ("[{target: 0.999}]", "[]", ["15:15: spec.objectives: needs at least one entry"]),
    ("[{target: 0.999}]", "[{target: 0.99}, {target: 0.9}, {targetPercent: 90}]",
     ["15:47: spec.objectives[2]: another SLO is named 'api-availability-0.9', at a.yaml:15"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), FAULTY)
def test_a_faulty_slo_is_refused_with_place_and_remedy(old, new, expected):
    assert sorted(faults_of(changed(SLO, old, new))) == sorted(f"a.yaml:{line}" for line in expected)


def test_an_slo_becomes_the_domains_slo():
    (slo,) = loaded(SLO).definitions.slos

    assert slo.name == "api-availability"
    assert slo.service == "api"
    assert slo.target_ratio == 0.999
    assert slo.window == RollingWindow(timedelta(days=30))
    assert slo.sli == Sli("api-requests", "prometheus", "http_requests_total", bad='http_requests_total{code=~"5.."}')


def test_percent_targets_keep_the_nearest_float():
    (slo,) = loaded(changed(SLO, "target: 0.999", "targetPercent: 99.95")).definitions.slos

    assert slo.target_ratio == 0.9995


def test_every_further_target_is_an_slo_of_its_own():
    text = changed(SLO, "[{target: 0.999}]", "[{target: 0.999}, {targetPercent: 99, displayName: Lower}]")

    first, second = loaded(text).definitions.slos

    assert (first.name, first.target_ratio, first.display_name) == ("api-availability", 0.999, "")
    assert (second.name, second.target_ratio, second.display_name) == ("api-availability-0.99", 0.99, "Lower")
    assert first.sli.key == second.sli.key


def test_lists_of_labels_become_one_text():
    text = changed(
        SLO, "{name: api-availability}", "{name: a, labels: {tags: [x, y], team: z}, annotations: {b.dev/c: d}}"
    )

    (slo,) = loaded(text).definitions.slos

    assert slo.labels == {"tags": "x,y", "team": "z"}


def test_a_window_without_is_rolling_rolls():
    (slo,) = loaded(changed(SLO, "duration: 30d, isRolling: true", "duration: 4w")).definitions.slos

    assert slo.window.length == timedelta(days=28)


def referring_slo(reference: str) -> str:
    start, end = SLO.index("  indicator:"), SLO.index("  timeWindow")
    return SLO[:start] + reference + SLO[end:]


def test_an_indicator_may_stand_in_a_document_of_its_own_even_after_its_slo():
    (slo,) = loaded(f"{referring_slo('  indicatorRef: api-requests' + chr(10))}---\n{SLI}").definitions.slos

    assert slo.sli == Sli("api-requests", "prometheus", "http_requests_total", good='http_requests_total{code="200"}')


def test_an_indicator_that_is_nowhere_is_a_fault():
    text = f"{referring_slo('  indicatorRef: api-request' + chr(10))}---\n{SLI}"

    assert faults_of(text) == [
        "a.yaml:6:17: spec.indicatorRef: there is no SLI named 'api-request'; did you mean 'api-requests'?"
    ]


def test_an_slo_needs_one_indicator():
    assert faults_of(referring_slo("")) == [
        "a.yaml:5:3: spec: needs exactly one of indicator and indicatorRef; there are none"
    ]


def test_a_fault_of_a_shared_indicator_is_told_once():
    sli = changed(SLI, 'code="200"', 'code="200')

    assert len(faults_of(f"{referring_slo('  indicatorRef: api-requests' + chr(10))}---\n{sli}")) == 1


WARNED = [
    ("target: 0.999", "target: 0.999, op: lte, value: 1",
     ["15:32: spec.objectives[0].op: belongs to threshold metrics; a ratio needs only its target, so this is ignored",
      "15:41: spec.objectives[0].value: belongs to threshold metrics; a ratio needs only its target, so this is ignored"]),
    ("budgetingMethod: Occurrences", "budgetingMethod: Occurrences\n  alertPolicies: [{alertPolicyRef: any}, {kind: null}]",
     [f"15:3: spec.alertPolicies: {RELEASE} sends no alerts; this is accepted and not used"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), WARNED)
def test_what_is_accepted_and_not_used_is_warned_of(old, new, expected):
    warnings = loaded(changed(SLO, old, new)).warnings

    assert [str(warning) for warning in warnings] == [f"a.yaml:{line}" for line in expected]


@pytest.mark.parametrize("kind", ["AlertPolicy", "AlertCondition", "AlertNotificationTarget"])
def test_alert_documents_are_accepted_with_a_warning(kind):
    text = f"apiVersion: openslo/v1\nkind: {kind}\nmetadata: {{name: page}}\nspec: {{anything: [1, null], at: {{all: }}}}\n"

    assert [str(warning) for warning in loaded(text).warnings] == [
        f"a.yaml:2:7: kind: {RELEASE} sends no alerts; this is accepted and not used"
    ]


def test_a_data_source_carries_its_details_flat():
    text = SOURCE + "    bearerTokenFile: /run/secrets/token\n    insecureSkipVerify: true\n    orgId: team-a\n"

    assert loaded(text).definitions.sources == (
        DataSource(
            "thanos",
            "Prometheus",
            {
                "url": "https://thanos.example:10902/prefix",
                "bearer_token_file": "/run/secrets/token",
                "insecure_skip_verify": "true",
                "org_id": "team-a",
            },
        ),
    )


def test_a_password_may_stand_in_the_environment():
    (source,) = loaded(f"{SOURCE}    username: me\n    password: $PROMETHEUS_PASSWORD\n").definitions.sources

    assert source.details["password"] == "$PROMETHEUS_PASSWORD"  # noqa: S105 - the name of a variable, not a secret


def test_details_that_say_the_default_are_left_out():
    (source,) = loaded(f"{SOURCE}    insecureSkipVerify: false\n").definitions.sources

    assert source.details == {"url": "https://thanos.example:10902/prefix"}


SECRETS = "secrets do not stand in documents; write"
FAULTY_DETAILS = [
    ("bearerToken: abc", [f"8:5: spec.connectionDetails.bearerToken: {SECRETS} bearerTokenFile: PATH"]),
    ("password: abc",
     [f"8:15: spec.connectionDetails.password: {SECRETS} passwordFile: PATH, or $NAME for an environment variable"]),
    ("passwordFile: /x", ["7:5: spec.connectionDetails: a password needs a username beside it"]),
    ("bearerTokenFile: /x\n    username: me",
     ["7:5: spec.connectionDetails: needs one of bearerTokenFile and username, not both"]),
    ("username: me\n    password: $X\n    passwordFile: /x",
     ["7:5: spec.connectionDetails: needs one of password and passwordFile, not both"]),
    ("certFile: /x", ["7:5: spec.connectionDetails: certFile and keyFile are needed together"]),
    ("bearerTokenfile: /x", ["8:5: spec.connectionDetails.bearerTokenfile: unknown key; did you mean 'bearerTokenFile'?"]),
    ("insecureSkipVerify: 1", ["8:25: spec.connectionDetails.insecureSkipVerify: must be true or false, not 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), FAULTY_DETAILS)
def test_faulty_connection_details_are_refused(line, expected):
    assert faults_of(f"{SOURCE}    {line}\n") == [f"a.yaml:{each}" for each in expected]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:9090", "'localhost:9090' is no http or https address, such as http://127.0.0.1:9090"),
        ("http://me:secret@host/", "an address holds no credentials; write username and passwordFile"),
        ("http://", "'http://' is no http or https address, such as http://127.0.0.1:9090"),
    ],
)
def test_a_source_needs_a_plain_address(url, message):
    text = changed(SOURCE, "https://thanos.example:10902/prefix/", url)

    assert faults_of(text) == [f"a.yaml:7:10: spec.connectionDetails.url: {message}"]


@pytest.mark.parametrize("url", ["simulated:", "simulated:1763596800", "$PROMETHEUS_URL"])
def test_an_address_may_be_the_built_in_fleet_or_stand_in_the_environment(url):
    (source,) = loaded(changed(SOURCE, "https://thanos.example:10902/prefix/", f'"{url}"')).definitions.sources

    assert source.details["url"] == url


@pytest.mark.parametrize("url", ["simulated:tomorrow", "simulated", "simulated://fleet"])
def test_the_built_in_fleet_begins_at_a_whole_number_of_seconds(url):
    (fault,) = faults_of(changed(SOURCE, "https://thanos.example:10902/prefix/", f'"{url}"'))

    assert "is no http or https address" in fault


def test_a_declared_source_can_be_named():
    slo = SLO.replace("metricSourceRef: prometheus", "metricSourceRef: thanos").replace(
        "type: Prometheus", "metricSourceRef: thanos"
    )

    (found,) = loaded(f"{slo}---\n{SOURCE}").definitions.slos

    assert found.sli.source == "thanos"


KINDS = [
    ("apiVersion: openslo/v1", "apiVersion: openslo/v1alpha", "1:13: apiVersion: 'openslo/v1alpha' is not supported; write openslo/v1"),
    ("apiVersion: openslo/v1", "apiVersion: okrbridge.dev/v1", "2:7: kind: 'SLO' is no kind of okrbridge.dev/v1; SLO belongs to apiVersion openslo/v1"),
    ("apiVersion: openslo/v1", "apiVersion: okrbrige.dev/v1", "1:13: apiVersion: 'okrbrige.dev/v1' is not known; did you mean 'okrbridge.dev/v1'?"),
    ("apiVersion: openslo/v1", "apiVersion: v1", "1:13: apiVersion: 'v1' is not known; known are openslo/v1 and okrbridge.dev/v1"),
    ("apiVersion: openslo/v1", "apiVersion: 1", "1:13: apiVersion: must be text"),
    ("apiVersion: openslo/v1\n", "", "1:1: apiVersion: is missing"),
    ("kind: SLO\n", "", "1:1: kind: is missing"),
    ("kind: SLO", "kind: slo", "2:7: kind: 'slo' is no kind of openslo/v1; did you mean 'SLO'?"),
    ("apiVersion: openslo/v1", "apiVersion: sloth.slok.dev/v1", "2:7: kind: 'SLO' is no kind of sloth.slok.dev/v1; "
     "SLO belongs to apiVersion openslo/v1"),
    ("apiVersion: openslo/v1", "apiVersion: pyrra.dev/v1alpha1", "2:7: kind: 'SLO' is no kind of pyrra.dev/v1alpha1; "
     "SLO belongs to apiVersion openslo/v1"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), KINDS)
def test_unknown_documents_are_refused_with_what_is_known(old, new, expected):
    assert faults_of(changed(SLO, old, new)) == [f"a.yaml:{expected}"]


@pytest.mark.parametrize("kind", ["BurnPolicy", "GatePolicy"])
def test_kinds_of_later_versions_are_refused_by_name(kind):
    assert faults_of(f"apiVersion: okrbridge.dev/v1\nkind: {kind}\nmetadata: {{name: x}}\n") == [
        f"a.yaml:2:7: kind: {kind} documents are {LATER}"
    ]


def test_equal_names_of_one_kind_are_refused():
    assert faults_of(f"{SLO}---\n{SLO}") == [
        "a.yaml:19:18: metadata.name: another SLO is named 'api-availability', at a.yaml:3"
    ]


def test_unknown_keys_do_not_hide_other_faults():
    text = changed(changed(SLO, "service: api", "service: api\n  desription: x"), "{target: 0.999}", "{displayName: x}")

    assert codes_of(text) == ["unknown_key", "target"]
