from dataclasses import replace
from math import inf, nan

import pytest
from tests.ports.ledger_examples import at, minutes
from tests.ports.okr_examples import (
    BASELINE,
    DOCUMENT,
    FINDING,
    FULL_CHECK_IN,
    FULL_EVENT,
    FULL_SCORE,
    check_in,
    event,
    score,
    second_version,
)
from tests.ports.record_examples import LATENCY, UPTIME, measurement

from okrbridge.application.okr_records import FindingState
from okrbridge.application.ports import Storage
from okrbridge.errors import ConflictError, StorageError


def test_a_document_comes_back_whole_and_versions_follow_each_other(storage: Storage):
    second = second_version(DOCUMENT)
    with storage.transaction() as database:
        database.documents.put(DOCUMENT)
        assert database.documents.get("Team", "backend") == DOCUMENT
        database.documents.put(second)
    with storage.reading() as database:
        assert database.documents.all() == [second]
        assert database.documents.get("Team", "frontend") is None


@pytest.mark.parametrize("version", [1, 3, 4])
def test_a_document_written_over_another_version_is_a_conflict(storage: Storage, version: int):
    with storage.transaction() as database:
        database.documents.put(DOCUMENT)
    with pytest.raises(ConflictError), storage.transaction() as database:
        database.documents.put(replace(DOCUMENT, version=version))
    with storage.reading() as database:
        assert database.documents.all() == [DOCUMENT]


def test_a_document_is_removed_at_its_version_only(storage: Storage):
    with storage.transaction() as database:
        database.documents.put(DOCUMENT)
    for version, name in ((2, "backend"), (1, "frontend")):
        with pytest.raises(ConflictError), storage.transaction() as database:
            database.documents.delete("Team", name, version)
    with storage.transaction() as database:
        database.documents.delete("Team", "backend", 1)
        assert database.documents.all() == []


def test_editions_tell_whether_any_document_was_written(storage: Storage):
    second, again = second_version(DOCUMENT), replace(DOCUMENT, updated_at=at(99))
    with storage.transaction() as database:
        assert database.documents.editions() == frozenset()
        database.documents.put(DOCUMENT)
        assert database.documents.editions() == {DOCUMENT.edition}
        database.documents.put(second)
        assert database.documents.editions() == {second.edition} != {DOCUMENT.edition}
        database.documents.delete("Team", "backend", 2)
        database.documents.put(again)
    with storage.reading() as database:
        # Removed and made again it has version 1 again, and is another edition all the same.
        assert database.documents.editions() == {again.edition} != {DOCUMENT.edition}


def test_a_check_in_comes_back_whole(storage: Storage):
    with storage.transaction() as database:
        database.check_ins.add(FULL_CHECK_IN)
    with storage.reading() as database:
        assert database.check_ins.of(UPTIME) == [FULL_CHECK_IN]


def test_check_ins_ascend_and_the_newest_stay_within_a_limit(storage: Storage):
    with storage.transaction() as database:
        for minute in (3, 1, 2):
            database.check_ins.add(check_in(minute))
        database.check_ins.add(check_in(9, key_result=LATENCY))
    with storage.reading() as database:
        assert database.check_ins.of(UPTIME, limit=2) == [check_in(2), check_in(3)]
        assert database.check_ins.of(UPTIME, minutes(1, 3)) == [check_in(1), check_in(2)]
        assert database.check_ins.latest([UPTIME, LATENCY, "a/b"], at(8)) == {UPTIME: check_in(3)}
        assert database.check_ins.recent([UPTIME], at(2), 2) == {UPTIME: [check_in(1), check_in(2)]}


def test_check_ins_of_several_key_results_are_read_at_once(storage: Storage):
    with storage.transaction() as database:
        for one in (check_in(3), check_in(1), check_in(2), check_in(2.5, key_result=LATENCY), check_in(9)):
            database.check_ins.add(one)
    with storage.reading() as database:
        found = database.check_ins.within([UPTIME, LATENCY, "x/y"], minutes(2, 9))
        assert found == {UPTIME: [check_in(2), check_in(3)], LATENCY: [check_in(2.5, key_result=LATENCY)]}
        assert database.check_ins.within([UPTIME], minutes(0, 9), 1) == {UPTIME: [check_in(3)]}


def test_the_newest_check_in_with_a_value_is_found_behind_any_number_without_one(storage: Storage):
    with storage.transaction() as database:
        for minute, value in ((0, 1.0), (1, 0.0), (20, 3.0)):
            database.check_ins.add(check_in(minute, override_value=value))
        for minute in range(2, 12):
            database.check_ins.add(check_in(minute, override_value=None))
        database.check_ins.add(check_in(1, key_result=LATENCY, override_value=None))
    with storage.reading() as database:
        found = database.check_ins.latest_values([UPTIME, LATENCY], at(19))
        assert found == {UPTIME: check_in(1, override_value=0.0)}
        assert database.check_ins.latest_values([LATENCY], at(19)) == {}


def test_a_withdrawal_is_found_in_place_of_the_value_before_it(storage: Storage):
    withdrawal = check_in(3, override_expires_at=at(3))
    with storage.transaction() as database:
        for one in (check_in(1, override_value=1.0, override_expires_at=at(60)), check_in(2), withdrawal, check_in(4)):
            database.check_ins.add(one)
    with storage.reading() as database:
        assert withdrawal.is_withdrawal
        assert database.check_ins.latest_values([UPTIME], at(5)) == {UPTIME: withdrawal}
        assert database.check_ins.latest_values([UPTIME], at(2))[UPTIME].override_value == 1.0


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_an_override_that_is_not_finite_is_refused(storage: Storage, value: float):
    with pytest.raises(ValueError, match="override_value"), storage.transaction() as database:
        database.check_ins.add(check_in(0, override_value=value))


def test_an_event_comes_back_whole_and_sent_again_replaces_the_first(storage: Storage):
    restored = replace(FULL_EVENT, end=at(21))
    with storage.transaction() as database:
        assert database.events.save([FULL_EVENT, event(3)]) == 2
        assert database.events.save([restored, event(4), event(4)]) == 1
    with storage.reading() as database:
        assert database.events.between(minutes(0, 10)) == [restored, event(3), event(4)]


def test_events_are_read_by_kind_and_page_after_page(storage: Storage):
    deploys = [event(minute) for minute in (1, 2, 3)]
    with storage.transaction() as database:
        database.events.save([*deploys, event(2, "signup")])
    with storage.reading() as database:
        first = database.events.between(minutes(0, 10), ["deploy"], 2)
        assert first == deploys[:2]
        assert database.events.between(minutes(0, 10), ["deploy"], 2, first[-1].place) == deploys[2:]
        assert database.events.between(minutes(2, 3), ["deploy", "signup"]) == [event(2), event(2, "signup")]


def test_events_of_a_kind_are_read_the_newest_first_and_page_after_page(storage: Storage):
    deploys = [event(minute) for minute in (1, 2, 3)]
    twins = [replace(event(3), external_id=each) for each in ("a", "é")]
    with storage.transaction() as database:
        database.events.save([*deploys, *twins, event(2, "signup"), event(10)])
    newest_first = [twins[1], deploys[2], twins[0], deploys[1], deploys[0]]
    with storage.reading() as database:
        assert database.events.newest("deploy", minutes(0, 10), 10) == newest_first
        pages = [database.events.newest("deploy", minutes(0, 10), 2, each.place) for each in newest_first]
        assert pages == [newest_first[place : place + 2] for place in range(1, 6)]
        assert database.events.newest("deploy", minutes(2, 3), 2) == [deploys[1]]


def test_events_are_known_by_source_and_id_as_they_are_stored(storage: Storage):
    sent = [replace(FULL_EVENT, external_id=f"{number}") for number in range(801)]
    with storage.transaction() as database:
        database.events.save([*sent, event(1)])
    changed = [replace(one, title="another") for one in sent]
    with storage.reading() as database:
        found = database.events.known([*changed, *changed[:2], replace(event(1), source="other")])
        assert database.events.known([]) == []
    assert sorted(found, key=lambda one: int(one.external_id)) == sent


def test_events_of_a_kind_are_found_by_the_id_that_their_sources_gave_them(storage: Storage):
    twin = replace(FULL_EVENT, source="other")
    with storage.transaction() as database:
        database.events.save([twin, FULL_EVENT, replace(FULL_EVENT, source="third", kind="deploy"), event(1)])
    with storage.reading() as database:
        assert database.events.named("incident", FULL_EVENT.external_id) == [FULL_EVENT, twin]
        assert database.events.named("incident", FULL_EVENT.external_id, limit=1) == [FULL_EVENT]
        assert database.events.named("incident", "unknown\x00") == []


def test_events_of_one_instant_are_in_the_order_of_code_points_on_every_storage(storage: Storage):
    # People's order would be -, 1, a, B, e, é and Z, whatever the case.
    ids = ["-", "1", "B", "Z", "a", "e", "é", "\U0001f680"]
    sent = [replace(event(1), external_id=each) for each in ids]
    with storage.transaction() as database:
        database.events.save(sent[::-1])
    with storage.reading() as database:
        assert database.events.between(minutes(0, 10)) == sent
        pages = [database.events.between(minutes(0, 10), limit=3, after=each.place) for each in sent]
    assert pages == [sent[place : place + 3] for place in range(1, 9)]


def test_check_ins_of_one_instant_are_in_the_order_of_code_points_on_every_storage(storage: Storage):
    said = [replace(check_in(1), id=each) for each in ("-", "1", "B", "a", "é")]
    with storage.transaction() as database:
        for each in said[::-1]:
            database.check_ins.add(each)
    with storage.reading() as database:
        assert database.check_ins.of(said[0].key_result, limit=2) == said[-2:]
        assert database.check_ins.latest([said[0].key_result], at(1)) == {said[0].key_result: said[-1]}


def test_baselines_are_in_the_order_of_code_points_on_every_storage(storage: Storage):
    frozen = [replace(BASELINE, key_result=each) for each in ("a-b/k", "a/K", "a/k", "ab/k")]
    with storage.transaction() as database:
        for each in frozen[::-1]:
            database.baselines.save(each)
    with storage.reading() as database:
        assert database.baselines.all() == frozen


def test_what_lasts_overlaps_and_a_moment_does_not(storage: Storage):
    lasting, over, open_incident = event(0, end=at(5)), event(1, end=at(2)), event(2, "incident")
    with storage.transaction() as database:
        database.events.save([lasting, over, open_incident, event(2)])
    with storage.reading() as database:
        assert database.events.overlapping(minutes(3, 4)) == [lasting, open_incident]
        assert database.events.overlapping(minutes(2, 3)) == [lasting, event(2), open_incident]


def test_a_frozen_baseline_stays_as_it_is(storage: Storage):
    with storage.transaction() as database:
        database.baselines.save(BASELINE)
        database.baselines.save(replace(BASELINE, value=0.5))
        database.baselines.save(replace(BASELINE, question="another", frozen_at=at(1)))
    with storage.reading() as database:
        assert database.baselines.all() == [BASELINE, replace(BASELINE, question="another", frozen_at=at(1))]


def test_a_score_comes_back_whole_and_is_replaced(storage: Storage):
    with storage.transaction() as database:
        database.scores.save(score())
        database.scores.save(FULL_SCORE)
        database.scores.save(score(LATENCY))
        database.scores.save(score(cycle="2025-q4"))
    with storage.reading() as database:
        assert database.scores.of_cycle("2026-q1") == [score(LATENCY), FULL_SCORE]
        assert [one.cycle for one in database.scores.all()] == ["2025-q4", "2026-q1", "2026-q1"]
        assert database.scores.cycles() == {"2025-q4", "2026-q1"}


def test_a_finding_comes_back_whole_and_is_replaced(storage: Storage):
    fixed = replace(FINDING, state=FindingState.FIXED, last_seen=at(9))
    with storage.transaction() as database:
        database.findings.save([FINDING, replace(FINDING, code="F5")])
        database.findings.save([fixed])
    with storage.reading() as database:
        assert database.findings.all() == [fixed, replace(FINDING, code="F5")]


def test_details_of_a_measurement_come_back(storage: Storage):
    detailed = measurement(0, 0.94, details={"missing": ["a", "b"], "worst": {"name": "c", "value": 22.0}})
    with storage.transaction() as database:
        database.progress.save([detailed], [])
    with storage.reading() as database:
        assert database.progress.latest_good([UPTIME], at(0)) == {UPTIME: detailed}


def test_writing_inside_a_reading_is_an_error(storage: Storage):
    with pytest.raises(StorageError), storage.reading() as database:
        database.check_ins.add(FULL_CHECK_IN)
