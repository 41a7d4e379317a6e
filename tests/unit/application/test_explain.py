"""Explanations: each formula with its numbers, and lines for people."""

import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import FakeDatabase, FakeDefinitions, FakeLedger

from okrbridge.application.counting_facts import CountingFacts
from okrbridge.application.explaining.explain import Explaining
from okrbridge.application.explaining.key_result import key_result_explanation, status_rule
from okrbridge.application.explaining.slo import slo_explanation, state_reason
from okrbridge.application.explaining.text import explanation_lines
from okrbridge.application.ports import PlannedQuery, Storage
from okrbridge.application.records import DefinitionRevision
from okrbridge.application.slo_reports import SloDetails
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.ledger import Slices, SliceState, WindowCounts
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.measures import IncidentMeasure
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.slo import SloState
from okrbridge.domain.units import parse_unit
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import NotFoundError

HOUR = timedelta(hours=1)


def _explaining(database: FakeDatabase) -> Explaining:
    storage = cast("Storage", database)
    return Explaining(made.rich_snapshot(), made.definitions(), storage, Grid(timedelta(minutes=1)), made.NOW)


def _database(**parts: Any) -> FakeDatabase:
    """Sixty minutes before the evaluation, each 998 good of 1000."""
    end = epoch_seconds(made.AT)
    minutes = [(end - 60 * number, 998.0, 1000.0, SliceState.MEASURED) for number in range(60, 0, -1)]
    return FakeDatabase(ledger=FakeLedger(Slices.of(minutes)), **parts)


def _formula(explanation: dict[str, Any], name: str) -> str:
    [found] = [one["numbers"] for one in explanation["formulas"] if one["name"] == name]
    return str(found)


def test_an_slo_explains_its_budget_with_the_numbers_put_in():
    explanation = _explaining(_database()).slo("checkout-availability")

    assert _formula(explanation, "sli_ratio") == "9995 / 10000 = 0.9995"
    assert _formula(explanation, "budget_ratio") == "1 - 0.999 = 0.001"
    assert _formula(explanation, "allowed_bad") == "0.001 x 10000 = 10"
    # 43.2 minutes of 30 days.
    assert _formula(explanation, "allowed_downtime_seconds") == "0.001 x 2592000 s = 2592"
    assert _formula(explanation, "budget_consumed_ratio") == "5 / (0.001 x 10000) = 0.5"
    assert _formula(explanation, "budget_remaining_ratio") == "1 - 0.5 = 0.5"
    assert _formula(explanation, "coverage_ratio") == "2592000 s / 2592000 s = 1"


def test_an_slo_says_what_was_asked_and_how_it_was_counted():
    explanation = _explaining(_database()).slo("checkout-availability")

    assert explanation["query"] == 'sum(requests_total{code=~"5.."})'
    assert explanation["source"] == "prometheus"
    assert explanation["method"] == "exact increase of counters"
    assert explanation["window"] == {"name": "30d", "from": "2026-01-16T00:00:00Z", "to": "2026-02-15T00:00:00Z"}
    assert explanation["exclusions"] == []
    assert explanation["evaluation_id"] == made.EVALUATION


def test_burn_rates_stand_beside_their_counts():
    explanation = _explaining(_database()).slo("checkout-availability")

    burn = {one["window"]: one for one in explanation["burn_rates"]}
    # 60 minutes of 2 bad in 1000: (120 / 60000) / 0.001 = 2
    assert burn["1h"]["numbers"] == "(120 / 60000) / 0.001 = 2"
    assert burn["1h"]["note"] is None


def test_a_ledger_that_grew_since_the_evaluation_is_said():
    burn = {one["window"]: one for one in _explaining(_database()).slo("checkout-availability")["burn_rates"]}

    # the report says 0 over 5 m; the ledger now says 10 bad of 5000: 2
    assert burn["5m"]["value"] == 0.0
    assert burn["5m"]["numbers"] == "(10 / 5000) / 0.001 = 2"
    assert "found 0;" in burn["5m"]["note"]


def test_the_burn_policy_shows_each_pair_with_its_factor_and_verdict():
    policy = _explaining(_database()).slo("checkout-availability")["burn_policy"]

    first = policy[0]
    assert (first["severity"], first["long_window"], first["short_window"]) == ("page", "1h", "5m")
    assert first["factor"] == pytest.approx(14.4)
    assert first["exceeded"] is False


def test_an_unknown_burn_exceeds_nothing_and_is_not_called_fine():
    policy = _explaining(_database()).slo("search-latency")["burn_policy"]

    assert {pair["exceeded"] for pair in policy} == {None}


def test_burn_pairs_that_are_left_out_are_told_with_the_reason():
    report = made.checkout_report()
    # 1 / (1 - 0.9) = 10 is below 14.4
    easy = dataclasses.replace(report, slo=dataclasses.replace(report.slo, target_ratio=0.9))

    explanation = slo_explanation(easy, {}, made.NOW)

    [left_out] = explanation["burn_policy_left_out"]
    assert (left_out["severity"], left_out["long_window"], left_out["short_window"]) == ("page", "1h", "5m")
    assert left_out["factor"] == pytest.approx(14.4)
    assert left_out["reason"] == "its factor of 14.4 cannot be reached: 1/(1 - 0.9) is 10"
    assert [pair["long_window"] for pair in explanation["burn_policy"]] == ["6h", "1d", "3d"]


def test_a_calendar_window_explains_the_period_it_is_judged_against():
    explanation = _explaining(_database()).slo("invoices-monthly")

    # 14 of 28 days have passed; 10 of 4000 bad at 0.99: 0.5 x 0.0025 / 0.01
    assert _formula(explanation, "budget_consumed_ratio") == "0.5 x (10 / 4000) / 0.01 = 0.125"
    assert _formula(explanation, "budget_expected_ratio") == "1209600 s / 2419200 s = 0.5"
    assert explanation["budget_exhausted_at"] == "2026-02-21T03:00:00Z"
    assert explanation["alerts_frozen"] == "maintenance db-upgrade is active"
    assert explanation["coverage"]["excluded_seconds"] == 3600.0


def test_a_budget_that_is_a_number_explains_itself_without_a_share():
    report = made.checkout_report()
    slo = dataclasses.replace(report.slo, target_ratio=1.0, count_budget=10.0)
    hour = WindowCounts(58.0, 60.0, HOUR, HOUR)

    explanation = slo_explanation(dataclasses.replace(report, slo=slo), {"1h": hour}, made.NOW)

    assert _formula(explanation, "budget_consumed_ratio") == "5 / 10 = 0.5"
    [burn] = [one for one in explanation["burn_rates"] if one["window"] == "1h"]
    # 2 of 10 in one of 720 hours
    assert burn["numbers"] == "(2 / 10) x (2592000 s / 3600 s) = 144"
    assert "allowed_bad" not in [one["name"] for one in explanation["formulas"]]


def test_excluded_time_is_listed():
    window = MaintenanceWindow("db-upgrade", once=(Interval(made.AT - HOUR, made.AT),))
    declared = dataclasses.replace(made.definitions(), maintenance=(window,))
    storage = cast("Storage", _database())
    explaining = Explaining(made.rich_snapshot(), declared, storage, Grid(timedelta(minutes=1)), made.NOW)

    explanation = explaining.slo("checkout-availability")

    assert explanation["exclusions"] == ["2026-02-14T23:00:00Z to 2026-02-15T00:00:00Z"]
    assert any(line.startswith("exclusions    2026-02-14T23") for line in explanation_lines(explanation))


def test_where_it_is_declared_is_told_with_the_revision():
    revisions = [
        DefinitionRevision("SLO", "checkout-availability", number, "{}", "file", made.AT) for number in (1, 2, 3)
    ]
    database = _database(definitions=FakeDefinitions({"checkout-availability": revisions}))

    definition = _explaining(database).slo("checkout-availability")["definition"]

    assert (definition["place"], definition["revision"]) == ("config/slos.yaml:1", 3)


def test_a_database_that_fails_costs_the_counts_and_not_the_answer():
    explanation = _explaining(FakeDatabase(is_broken=True)).slo("checkout-availability")

    assert explanation["counts"]["bad"] == 5.0
    assert explanation["burn_rates"][0]["total"] is None
    assert "database" in explanation["warnings"][0]
    assert explanation["definition"]["revision"] is None


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(NotFoundError, match="did you mean 'checkout-availability'"):
        _explaining(_database()).slo("checkout-avail")


def test_a_key_result_explains_value_progress_and_gap():
    # 24930 good of 25000 is 0.9972
    counts = WindowCounts(24930.0, 25000.0, HOUR, HOUR)
    explanation = key_result_explanation(made.uptime_report(), made.CHECKOUT, counts, made.NOW)

    assert _formula(explanation, "value") == "24930 / 25000 = 0.9972"
    assert _formula(explanation, "raw_ratio") == "(0.9972 - 0.992) / (0.9995 - 0.992) = 0.693333333333"
    assert _formula(explanation, "expected_ratio") == "45 d / 90 d = 0.5"
    assert _formula(explanation, "gap_ratio") == "1 x 0.5 - 0.693333333333 = -0.193333333333"
    assert explanation["status_rule"] == "on_track: the gap is at most 0.05"
    assert (explanation["declared"]["baseline"], explanation["declared"]["target"]) == ("99.2%", "99.95%")


def test_an_error_budget_key_result_explains_its_consumption():
    # 24990 good of 25000: SLI 0.9996; half of the period has passed: 0.5 x 0.0004 / 0.001 = 0.2
    counts = WindowCounts(24990.0, 25000.0, HOUR, HOUR)
    explanation = key_result_explanation(made.budget_report(), made.CHECKOUT, counts, made.NOW)

    assert _formula(explanation, "value") == "0.5 x (1 - 24990 / 25000) / 0.001 = 0.2"
    assert _formula(explanation, "raw_ratio") == "(0.2 ≤ 0.5) = 1"
    assert "allowance x elapsed" in explanation["status_rule"]


def test_counts_that_grew_since_the_evaluation_do_not_pretend_to_give_its_value():
    counts = WindowCounts(900.0, 1000.0, HOUR, HOUR)
    explanation = key_result_explanation(made.uptime_report(), made.CHECKOUT, counts, made.NOW)

    assert _formula(explanation, "value") == "900 / 1000 = 0.9"
    assert "the evaluation found 0.9972" in explanation["formulas"][0]["formula"]
    assert explanation["value"] == 0.9972


def test_a_unit_conversion_is_shown():
    explanation = key_result_explanation(made.latency_report(), None, None, made.NOW)

    assert explanation["unit"] == {"measured_in": "s", "reported_in": "ms", "conversion": "1 s = 1000 ms"}


def test_a_count_of_incidents_needs_no_conversion():
    report = made.errors_report()
    counting = dataclasses.replace(report.key_result, measure=IncidentMeasure(), unit=parse_unit("/quarter"))
    explanation = key_result_explanation(dataclasses.replace(report, key_result=counting), None, None, made.NOW)

    assert explanation["unit"]["conversion"] == "counted in /quarter"
    assert explanation["measure"]["type"] == "incidents"


def test_a_failed_attempt_shows_the_last_good_value_and_the_reason():
    explanation = key_result_explanation(made.latency_report(), None, None, made.NOW)

    assert explanation["error"] == "timeout: no answer in 10 s"
    assert explanation["last_good"]["value"] == 500.0
    assert explanation["last_good"]["age_seconds"] == 130.0
    assert explanation["status_rule"] == (
        "on_track: kept, because a change needs 2 equal evaluations in a row "
        "and 1 found at_risk (the gap is above 0.05 and at most 0.25)"
    )


def test_a_key_result_never_measured_explains_only_its_plan():
    explanation = key_result_explanation(made.errors_report(), None, None, made.NOW)

    assert [one["name"] for one in explanation["formulas"]] == ["expected_ratio"]
    assert explanation["last_good"] is None
    assert explanation["status_rule"] == "no_data: it was never measured"


def _report_with(kind: KeyResultKind, status: KeyResultStatus) -> KeyResultReport:
    report = made.errors_report()
    return dataclasses.replace(
        report,
        key_result=dataclasses.replace(report.key_result, kind=kind),
        progress=dataclasses.replace(report.progress, status=SteadyStatus(status)),
    )


@pytest.mark.parametrize("kind", list(KeyResultKind))
@pytest.mark.parametrize("status", list(KeyResultStatus))
def test_every_status_of_every_kind_has_its_rule(kind: KeyResultKind, status: KeyResultStatus):
    assert status_rule(_report_with(kind, status)).startswith(f"{status}: ")


@pytest.mark.parametrize("state", list(SloState))
def test_every_state_has_its_reason(state: SloState):
    report = dataclasses.replace(made.checkout_report(), state=state, details=SloDetails(failure="timeout: no answer"))

    assert len(state_reason(report)) > 0


def test_a_burning_slo_names_the_pair_that_is_exceeded():
    report = made.checkout_report()
    burning = dataclasses.replace(
        report, state=SloState.BURNING, burn_rates={**report.burn_rates, "1h": 20.0, "5m": 15.0}
    )

    assert "burn over 1h (20) and 5m (15) exceeds 14.4" in state_reason(burning)


def test_the_lines_of_an_slo_hold_reason_formulas_and_place():
    lines = explanation_lines(_explaining(_database()).slo("checkout-availability"))

    assert lines[0] == "slo/checkout-availability of service checkout: ok"
    assert "  5 / (0.001 x 10000) = 0.5" in lines
    assert any("page   1h 2, 5m 0, factor 14.4: not exceeded" in line for line in lines)
    assert any(line.startswith("declared at   config/slos.yaml:1") for line in lines)


def test_a_source_that_keeps_less_than_the_window_is_told():
    explaining = _explaining(_database())
    begins = explaining.snapshot.slo_by_name["checkout-availability"].window.start + timedelta(days=1)
    sources = tuple(dataclasses.replace(one, data_begins=begins) for one in explaining.snapshot.sources)
    short = dataclasses.replace(explaining, snapshot=dataclasses.replace(explaining.snapshot, sources=sources))

    explanation = short.slo("checkout-availability")
    assert [one["is_history_short"] for one in explanation["sources"]] == [True]
    assert any("its data begins at" in line for line in explanation_lines(explanation))
    assert not any("its data begins" in line for line in explanation_lines(explaining.slo("checkout-availability")))


def test_questions_shared_with_other_slis_are_told_with_their_company():
    explaining = _explaining(_database())
    key = explaining.snapshot.slo_by_name["checkout-availability"].slo.sli.key
    shared = PlannedQuery("last_over_time(requests_total[60s])", "series", (key, "other", "third"), series=12)
    strange = PlannedQuery("last_over_time(errors_total[60s])", "series", ("other",))
    facts = CountingFacts((shared, strange), made.AT, timedelta(seconds=10), timedelta(minutes=10))
    known = dataclasses.replace(explaining, snapshot=dataclasses.replace(explaining.snapshot, counting=facts))

    explanation = known.slo("checkout-availability")

    assert [one["other_slis"] for one in explanation["asked_together"]] == [2]
    assert explanation["settling"]["provisional_since"] == "2026-02-14T23:50:00Z"
    lines = "\n".join(explanation_lines(explanation))
    assert "last_over_time(requests_total[60s]) (together with 2 other SLIs, 12 series)" in lines
    assert "counted 10 s after their end, read again after 600 s; since 2026-02-14T23:50:00Z provisional" in lines


def test_the_lines_say_what_time_slices_and_silent_time_count():
    explanation = _explaining(_database()).slo("checkout-availability")
    sliced = {
        **explanation,
        "budgeting": "Timeslices",
        "time_slices": {"length": "5m", "target_ratio": 0.95},
        "no_data": "bad",
    }

    lines = explanation_lines(sliced)
    assert any("good and total are time slices of 5m, good when 0.95 of their events are" in line for line in lines)
    assert any(line.startswith("silent time   counts as bad") for line in lines)
    assert not any("silent time" in line for line in explanation_lines(explanation))


def test_the_lines_of_an_slo_say_which_burn_pairs_are_left_out():
    explanation = _explaining(_database()).slo("checkout-availability")
    reason = "its factor of 14.4 cannot be reached: 1/(1 - 0.9) is 10"
    pair = {"severity": "page", "long_window": "1h", "short_window": "5m", "reason": reason}

    assert explanation["burn_policy_left_out"] == []
    assert not [line for line in explanation_lines(explanation) if "left out" in line]
    assert f"  page   1h, 5m left out: {reason}" in explanation_lines({**explanation, "burn_policy_left_out": [pair]})


@pytest.mark.parametrize("identity", ["reliable-checkout/uptime", "fast-search/p99-latency", "fast-search/errors"])
def test_the_lines_of_a_key_result_never_show_none(identity: str):
    lines = explanation_lines(_explaining(_database()).key_result(*identity.split("/")))

    assert lines[0].startswith(f"kr/{identity}: ")
    assert not [line for line in lines if "None" in line]


def test_an_unmeasured_slo_can_be_explained():
    explanation = slo_explanation(made.search_report(), {}, made.NOW)

    assert explanation["counts"] == {"good": None, "bad": None, "total": None}
    assert explanation["burn_rates"][0]["note"] == "nothing was measured in this window"
