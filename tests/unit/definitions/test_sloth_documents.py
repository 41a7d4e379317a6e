"""Sloth's documents are read as Sloth reads them, and refused where Sloth refuses them."""

from datetime import timedelta

import pytest
from tests.unit.definitions.foreign_samples import loaded_file, slo_of, warnings_of
from tests.unit.definitions.samples import CYCLE, OBJECTIVE, RELEASE, SLO, changed, codes_of, faults_of, loaded

from okrbridge.domain.sli import SliKind
from okrbridge.domain.windows import RollingWindow

PLAIN = """\
version: prometheus/v1
service: shop
labels: {owner: web}
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total[{{.window}}]))
    alerting: {name: ShopFails}
"""
UNUSED = "this is accepted and not used"
OBJECT = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: slos, namespace: monitoring}
spec:
  service: shop
  slos:
    - name: availability
      objective: 99.9
      sli:
        events:
          errorQuery: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
          totalQuery: sum(rate(http_requests_total[{{.window}}]))
      alerting: {name: ShopFails}
"""


def test_every_slo_of_a_document_is_named_service_and_slo_as_sloth_names_it():
    slos = loaded_file("sloth/shop.yaml").definitions.slos
    assert [slo.name for slo in slos] == ["shop-requests-availability", "shop-requests-latency"]
    assert {slo.service for slo in slos} == {"shop"}


def test_an_objective_in_percent_is_the_ratio_without_a_rounding_error():
    # 99.9 / 100 in floating point would be 0.9990000000000001.
    assert slo_of(PLAIN).target_ratio == 0.999


def test_the_window_is_sloths_default_period():
    assert slo_of(PLAIN).window == RollingWindow(timedelta(days=30))


def test_labels_of_the_slo_stand_above_those_of_the_service_and_numbers_are_texts():
    first, second = loaded_file("sloth/shop.yaml").definitions.slos
    assert dict(first.labels) == {"owner": "web-team", "tier": "2"}
    assert dict(second.labels) == {"owner": "checkout-team", "tier": "2"}


def test_rates_over_the_window_are_counted_from_their_counters():
    sli = slo_of(PLAIN).sli
    assert (sli.kind, sli.bad, sli.total) == (
        SliKind.COUNTERS,
        'http_requests_total{code=~"5.."}',
        "http_requests_total",
    )
    assert dict(sli.written)["bad"] == 'sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))'


def test_a_difference_of_rates_is_a_difference_of_counters():
    sli = loaded_file("sloth/shop.yaml").definitions.slos[1].sli
    count, bucket = "http_request_duration_seconds_count", "http_request_duration_seconds_bucket"
    assert sli.kind is SliKind.COUNTERS
    assert sli.bad == f'{count}{{job="shop"}} - {bucket}{{job="shop",le="0.4"}}'
    assert sli.total == f'{count}{{job="shop"}}'


def test_what_is_no_rate_of_counters_is_evaluated_as_written_and_says_so():
    ratio, counts = (slo.sli for slo in loaded_file("sloth/home.yaml").definitions.slos)
    assert (ratio.kind, counts.kind) == (SliKind.RATIO, SliKind.EXPRESSIONS)
    assert ratio.bad == ratio.total
    assert "wifi_client_satisfaction_ratio < 0.75" in (counts.bad or "")
    warnings = [warning.message for warning in loaded_file("sloth/home.yaml").warnings if warning.code == "as_written"]
    assert warnings == [ratio.note, counts.note]
    assert "every slice weighs the same" in ratio.note
    assert "evaluated as written" in counts.note


def test_two_queries_that_give_no_events_are_taken_as_their_ratio():
    bad, total = "sum(rate(x[{{.window}}]) > bool 5)", "count(rate(x[{{.window}}]))"
    text = changed(PLAIN, 'sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))', bad)
    sli = slo_of(changed(text, "sum(rate(http_requests_total[{{.window}}]))", total)).sli
    assert (sli.kind, sli.total, sli.bad) == (SliKind.RATIO, f"({bad}) / ({total})", sli.total)
    assert "a comparison with bool gives 0 or 1" in sli.note


def test_a_raw_query_of_what_succeeded_is_counted_as_good_events():
    events = PLAIN[PLAIN.index("      events:") : PLAIN.index("    alerting")]
    query = "1 - sum(rate(good_total[{{.window}}])) / sum(rate(all_total[{{.window}}]))"
    sli = slo_of(changed(PLAIN, events, f"      raw: {{error_ratio_query: '{query}'}}\n")).sli
    assert (sli.kind, sli.good, sli.total) == (SliKind.COUNTERS, "good_total", "all_total")


def test_a_raw_query_that_divides_two_rates_is_counted_from_both_counters():
    events = PLAIN[PLAIN.index("      events:") : PLAIN.index("    alerting")]
    raw = """\
      raw:
        error_ratio_query: >
          sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
          / sum(rate(http_requests_total[{{.window}}]))
"""
    assert slo_of(changed(PLAIN, events, raw)).sli.key == slo_of(PLAIN).sli.key


def test_the_kubernetes_object_means_the_same():
    plain, other = slo_of(PLAIN), slo_of(OBJECT)
    assert (other.name, other.sli.key, other.target_ratio, other.window) == (
        plain.name,
        plain.sli.key,
        plain.target_ratio,
        plain.window,
    )
    names = [slo.name for slo in loaded_file("sloth/kubernetes.yaml").definitions.slos]
    assert names == ["cart-requests-availability", "search-requests-availability"]


def test_a_name_with_capitals_and_underscores_becomes_a_name_and_is_told():
    text = changed(PLAIN, "name: availability", "name: Fast_Enough")
    slo = slo_of(text)
    assert (slo.name, slo.display_name) == ("shop-fast-enough", "shop-Fast_Enough")
    assert warnings_of(text)[0] == (
        "a.yaml:5:11: slos[0].name: shop-Fast_Enough is known here as shop-fast-enough: "
        "names are made of a-z, 0-9, - and ., at most 63 characters"
    )


def test_key_results_refer_to_its_slos_by_service_and_slo():
    objective = changed(OBJECTIVE, "{slo: api-availability}", "{slo: shop-availability}")
    definitions = loaded(f"{PLAIN}---\n{CYCLE}---\n{objective}").definitions
    assert definitions.slo_by_name["shop-availability"].service == "shop"
    assert len(definitions.key_results) == 1


def test_it_stands_beside_openslo_documents_and_a_name_taken_twice_is_told():
    assert len(loaded(f"{PLAIN}---\n{SLO}").definitions.slos) == 2
    taken = changed(SLO, "{name: api-availability}", "{name: shop-availability}")
    assert faults_of(f"{PLAIN}---\n{taken}") == [
        "a.yaml:15:18: metadata.name: another SLO is named 'shop-availability', at a.yaml:5"
    ]


def test_each_slo_has_a_record_of_its_own():
    documents = loaded_file("sloth/shop.yaml").definitions.documents
    assert [(one.kind, one.name) for one in documents] == [
        ("SLO", "shop-requests-availability"),
        ("SLO", "shop-requests-latency"),
    ]
    # A change of the second SLO makes no revision of the first.
    assert "0.4" not in documents[0].content
    assert "0.4" in documents[1].content


def test_alerts_plugins_and_unknown_keys_are_told_once_and_do_not_count():
    text = changed(
        PLAIN, "alerting: {name: ShopFails}", "plugins: {chain: [{id: x}]}\n    alerting: {name: A, nmae: B}"
    )
    assert warnings_of(text) == [
        f"a.yaml:11:5: slos[0].plugins: Sloth's SLO plugins change the rules it writes and are not run here; {UNUSED}",
        f"a.yaml:12:5: slos[0].alerting: {RELEASE} sends no alerts; {UNUSED}",
        "a.yaml:12:25: slos[0].alerting.nmae: is no key of Sloth's, which ignores it",
    ]


def test_disabled_alerts_need_no_name_and_no_warning():
    silent = "alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}"
    assert warnings_of(changed(PLAIN, "alerting: {name: ShopFails}", silent)) == []


def test_keys_without_a_value_are_no_keys():
    assert slo_of(changed(PLAIN, "labels: {owner: web}", "labels:")).labels == {}


LONG = "a" * 60
REFUSED = (
    # passage, what stands there instead, place and message, code
    ("service: shop", "service: s", "2:10: service: 's' is no name to Sloth", "wrong_name"),
    ("service: shop", "service: sh op", "2:10: service: 'sh op' is no name to Sloth", "wrong_name"),
    ("service: shop", "labels_: {}", "1:1: service: is missing", "missing_key"),
    ("name: availability", f"name: {LONG}", "5:11: slos[0].name: 'shop-", "wrong_name"),
    ("name: availability", "labels: {a: b}", "5:5: slos[0].name: is missing", "missing_key"),
    ("objective: 99.9", "objective: 0", "6:16: slos[0].objective: 0 is not between 0 and 100", "wrong_value"),
    ("objective: 99.9", "objective: 100.1", "6:16: slos[0].objective: 100.1 is not between", "wrong_value"),
    ("objective: 99.9", "objective: -1", "6:16: slos[0].objective: -1 is not between", "wrong_value"),
    ("objective: 99.9", "objective: 100", "6:16: slos[0].objective: a target of 100% leaves no", "no_error_budget"),
    ("objective: 99.9", 'objective: "99.9"', "6:16: slos[0].objective: must be a number", "wrong_type"),
    ("{owner: web}", '{owner: ""}', "3:17: labels.owner: is empty", "empty"),
    ("{owner: web}", "{__name__: web}", "3:10: labels.__name__: is no name of a label", "wrong_name"),
    ("{name: ShopFails}", "{}", "11:15: slos[0].alerting: needs a name, unless", "missing_key"),
    (
        "{name: ShopFails}",
        '{name: A, page_alert: {labels: {severity: ""}}}',
        "11:57: slos[0].alerting.page_alert.labels.severity: is empty",
        "empty",
    ),
    ("error_query:", "errorQuery:", "9:9: slos[0].sli.events.error_query: is missing", "missing_key"),
    (
        "      events:\n",
        "      was:\n",
        "8:7: slos[0].sli: needs exactly one of events and raw; there is none",
        "indicator",
    ),
    (
        "    alerting",
        "      plugin: {id: x}\n    alerting",
        "8:7: slos[0].sli: needs exactly one of events and raw; there is events and plugin",
        "indicator",
    ),
    (
        "      events:\n",
        "      plugin: {id: x}\n      was:\n",
        "8:7: slos[0].sli.plugin: Sloth's SLI plugins are programs",
        "unsupported",
    ),
    (
        "sum(rate(http_requests_total[{{.window}}]))",
        "sum(rate(http_requests_total[5m]))",
        "10:22: slos[0].sli.events.total_query: needs {{.window}} where the length",
        "wrong_query",
    ),
    (
        "sum(rate(http_requests_total[{{.window}}]))",
        "sum(rate(http_requests_total[{{.window}}])",
        "10:22: slos[0].sli.events.total_query: this is not PromQL",
        "wrong_query",
    ),
    (
        "sum(rate(http_requests_total[{{.window}}]))",
        "sum(rate(http_requests_total[{{.window}}])) * {{.objective}}",
        "10:22: slos[0].sli.events.total_query: {{.objective}} is a template",
        "wrong_query",
    ),
    (
        "sum(rate(http_requests_total[{{.window}}]))",
        'sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))',
        "9:22: slos[0].sli.events.error_query: asks for the same as the total query",
        "wrong_query",
    ),
)


@pytest.mark.parametrize(("old", "new", "told", "code"), REFUSED, ids=[f"{one[1]} {one[3]}" for one in REFUSED])
def test_what_sloth_refuses_is_refused_with_its_place(old: str, new: str, told: str, code: str):
    text = changed(PLAIN, old, new)
    (fault,) = faults_of(text)
    assert fault.startswith(f"a.yaml:{told}")
    assert codes_of(text) == [code]


def test_a_document_without_slos_is_refused():
    assert faults_of("version: prometheus/v1\nservice: shop\nslos: []\n") == [
        "a.yaml:3:7: slos: needs at least one entry"
    ]


def test_faults_of_all_slos_are_told_at_once():
    second = PLAIN[PLAIN.index("  - name") :].replace("99.9", "101").replace("availability", "latency")
    text = changed(PLAIN, "objective: 99.9", "objective: 0") + second
    assert len(faults_of(text)) == 2


def test_two_slos_of_one_name_are_refused():
    assert codes_of(PLAIN + PLAIN[PLAIN.index("  - name") :]) == ["duplicate_name"]


def test_labels_of_the_kubernetes_object_are_texts_as_kubernetes_wants_them():
    text = changed(OBJECT, "service: shop", "service: shop\n  labels: {tier: 2}")
    assert faults_of(text) == ["a.yaml:6:18: spec.labels.tier: must be text, not 2; put it in quotes"]


def test_alert_windows_are_refused_by_name():
    (fault,) = faults_of("apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec: {sloPeriod: 7d}\n")
    assert fault.startswith("a.yaml:2:7: kind: AlertWindows documents shape the alerts that Sloth makes")
