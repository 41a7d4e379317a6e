"""Every query is found with its source and its place, so that sources can be asked about it."""

from tests.unit.definitions.samples import CYCLE, EVERYTHING, KEY_RESULT_LINE, SLO, changed, loaded, with_key_result

from okrbridge.definitions.findings import LocatedQuery
from okrbridge.errors import Fault

SLI = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: requests}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {type: Prometheus, spec: {query: good_total}}}
    total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
"""
INDICATOR = "spec.indicator.spec.ratioMetric"


def test_the_counters_of_an_slo_stand_at_their_place():
    # line 11: 8 spaces, then bad: {metricSource: {metricSourceRef: prometheus, spec: {query: '...
    bad_column = SLO.splitlines()[10].index("'http_requests_total") + 1
    total_column = SLO.splitlines()[11].index("http_requests_total") + 1

    bad, total = loaded(SLO).queries

    assert bad == LocatedQuery(
        "a.yaml",
        11,
        bad_column,
        f"{INDICATOR}.bad.metricSource.spec.query",
        "prometheus",
        'http_requests_total{code=~"5.."}',
    )
    assert (total.line, total.column, total.text) == (12, total_column, "http_requests_total")


def test_the_expression_of_a_key_result_stands_at_its_place():
    text = with_key_result("name: kr", "from: 1", "to: 2", "measure: {promql: sum(up)}")

    *_, query = loaded(text).queries

    # the fourth line of the key result: 6 spaces, then measure: {promql: sum(up)}
    assert (query.line, query.column) == (KEY_RESULT_LINE + 3, 6 + len("measure: {promql: ") + 1)
    assert (query.path, query.source, query.text) == ("spec.keyResults[0].measure.promql", "prometheus", "sum(up)")


def test_a_query_knows_its_declared_source():
    source = (
        "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: thanos}\n"
        "spec: {type: Prometheus, connectionDetails: {url: 'http://127.0.0.1:1'}}\n"
    )
    text = with_key_result("name: kr", "from: 1", "to: 2", "measure: {promql: sum(up), source: thanos}")

    assert [query.source for query in loaded(f"{text}---\n{source}").queries] == ["prometheus", "prometheus", "thanos"]


def test_an_indicator_that_no_slo_uses_has_its_queries_too():
    assert [query.text for query in loaded(f"{SLI}---\n{CYCLE}").queries] == ["good_total", "all_total"]


def test_an_indicator_that_two_slos_share_has_its_queries_once():
    inline = SLO[SLO.index("  indicator:") : SLO.index("  timeWindow")]
    first = changed(SLO, inline, "  indicatorRef: requests\n")
    second = changed(first, "name: api-availability", "name: api-again")

    assert len(loaded(f"{SLI}---\n{first}---\n{second}").queries) == 2


def test_definitions_without_queries_have_none():
    assert loaded(CYCLE).queries == ()
    # the key result of these documents is measured by an SLO: only the two counters are queries
    assert len(loaded(EVERYTHING).queries) == 2


def test_a_query_can_be_faulted_at_its_place():
    query = LocatedQuery("a.yaml", 3, 5, "spec.x", "prometheus", "up")

    assert query.fault("is wrong", "refused_query") == Fault("a.yaml", 3, 5, "spec.x", "is wrong", "refused_query")
