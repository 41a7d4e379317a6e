from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from okrbridge.application.metric_catalogue import BY_NAME, Origin
from okrbridge.errors import SourceFailureReason
from okrbridge.observability.self_metrics import SelfMetrics

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def samples(metrics: SelfMetrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for each in families for one in each.samples}


def busy() -> SelfMetrics:
    metrics = SelfMetrics()
    metrics.tick_finished(duration={"query": 0.2, "compute": 0.01}, lateness=1.5, succeeded=True)
    metrics.tick_finished(duration={"query": 0.3}, lateness=-0.5, succeeded=False)
    metrics.source_failed("prometheus", SourceFailureReason.TIMEOUT)
    metrics.source_failed("prometheus", SourceFailureReason.TIMEOUT)
    metrics.source_failed("other", SourceFailureReason.BAD_QUERY)
    return metrics


def test_every_family_is_in_the_catalogue_with_its_type_help_and_labels():
    metrics = busy()
    metrics.reloaded(succeeded=True, at=AT)
    for family in text_string_to_metric_families(metrics.render().decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        metric = BY_NAME[name]
        assert (metric.type, metric.help) == (family.type, family.documentation)
        assert {label for one in family.samples for label in one.labels} - {"le"} == set(metric.labels)


def test_nothing_of_the_process_is_exported_that_the_catalogue_calls_the_snapshot_s():
    families = list(text_string_to_metric_families(busy().render().decode()))
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert {name for name in names if BY_NAME[name].origin is not Origin.PROCESS} == set()


def test_ticks_are_counted_with_their_failures_seconds_and_lateness():
    found = samples(busy())
    assert found["okrbridge_ticks_total", ()] == 2
    assert found["okrbridge_tick_failures_total", ()] == 1
    assert found["okrbridge_tick_duration_seconds_count", (("phase", "query"),)] == 2
    assert found["okrbridge_tick_duration_seconds_sum", (("phase", "query"),)] == 0.5
    # The last tick began before its delay was over; it was not late.
    assert found["okrbridge_tick_lateness_seconds", ()] == 0


def test_source_failures_are_counted_by_source_and_reason():
    found = samples(busy())
    assert found["okrbridge_source_failures_total", (("reason", "timeout"), ("source", "prometheus"))] == 2
    assert found["okrbridge_source_failures_total", (("reason", "bad_query"), ("source", "other"))] == 1


def test_a_refused_reload_keeps_the_time_of_the_last_good_one():
    metrics = SelfMetrics()
    metrics.reloaded(succeeded=True, at=AT)
    metrics.reloaded(succeeded=False, at=datetime(2026, 11, 22, tzinfo=UTC))
    found = samples(metrics)
    assert found["okrbridge_definitions_last_reload_successful", ()] == 0
    assert found["okrbridge_definitions_last_reload_success_timestamp_seconds", ()] == AT.timestamp()


def test_two_of_them_do_not_share_numbers():
    busy()
    assert samples(SelfMetrics())["okrbridge_ticks_total", ()] == 0
