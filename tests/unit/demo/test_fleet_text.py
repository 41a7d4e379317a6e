"""The fleet as text: its history for promtool, and its pages for a scraper."""

import io
import re

import numpy as np
import pytest

from okrbridge.demo.exporter import exposition, targets
from okrbridge.demo.history import write_history
from okrbridge.sources.simulated.fleet import Fleet
from okrbridge.sources.simulated.source import fleet_around

AT = 1_795_300_000 // 60 * 60
_LINE = re.compile(r"(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>[\d.]+) (?P<at>\d+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return fleet_around(AT)


def _history(fleet: Fleet, start: int, end: int) -> list[re.Match[str]]:
    text = io.StringIO()
    write_history(fleet, start, end, text)
    *lines, end_mark = text.getvalue().splitlines()
    assert end_mark == "# EOF"
    return [match for line in lines if (match := _LINE.fullmatch(line))]


def test_a_history_has_a_sample_a_minute_of_every_series(fleet: Fleet):
    samples = _history(fleet, AT - 600, AT)
    up = [sample for sample in samples if sample["name"] == "up"]
    # Nine pods at eleven minutes, both ends included; none of them restarts in these ten minutes.
    assert len(up) == 9 * 11
    assert {int(sample["at"]) for sample in up} == set(range(AT - 600, AT + 1, 60))
    assert all(sample["value"] == "1" for sample in up)


def test_a_restart_leaves_no_minute_without_up(fleet: Fleet):
    start = AT - 86_400
    up = [sample for sample in _history(fleet, start, AT) if sample["name"] == "up"]
    assert len(up) == 9 * 1441


def test_values_of_the_history_are_the_fleet_s_own(fleet: Fleet):
    life = fleet.lives(AT, AT)[0]
    samples = [sample for sample in _history(fleet, AT, AT) if f'instance="{life.pod}"' in sample["labels"]]
    exposed = {
        (one.name, one.labels): float(one.values[0])
        for one in fleet.series(life, np.array([AT], dtype=np.int64))
        if one.is_there[0]
    }
    written = {
        (sample["name"], tuple(sorted(_LABEL.findall(sample["labels"])))): float(sample["value"])
        for sample in samples
        if sample["name"] != "up"
    }
    assert written == exposed


def test_a_page_and_the_history_name_the_same_series(fleet: Fleet):
    life = fleet.lives(AT, AT)[0]
    page = exposition(fleet, life, AT)
    on_page = {
        (line.partition("{")[0].partition(" ")[0], tuple(sorted(_LABEL.findall(line))))
        for line in page.splitlines()
        if not line.startswith("#")
    }
    target = {("job", "fleet"), ("instance", life.pod)}
    in_history = {
        (sample["name"], tuple(sorted(set(_LABEL.findall(sample["labels"])) - target)))
        for sample in _history(fleet, AT, AT)
        if f'instance="{life.pod}"' in sample["labels"] and sample["name"] != "up"
    }
    assert on_page == in_history


def test_each_family_is_described_once(fleet: Fleet):
    page = exposition(fleet, fleet.lives(AT, AT)[0], AT)
    described = [line.split()[2:] for line in page.splitlines() if line.startswith("# TYPE")]
    assert described == [
        ["http_requests_total", "counter"],
        ["http_request_duration_seconds", "histogram"],
        ["process_start_time_seconds", "gauge"],
    ]


def test_a_pod_that_has_not_served_yet_shows_only_its_start(fleet: Fleet):
    life = fleet.lives(AT, AT)[0]
    lines = [line for line in exposition(fleet, life, life.serves_from).splitlines() if not line.startswith("#")]
    assert lines == [f"process_start_time_seconds {life.started_at}"]


def test_every_pod_that_is_up_is_a_target_with_its_name_as_instance(fleet: Fleet):
    found = targets(fleet, "127.0.0.1:9", AT)
    assert len(found) == 9
    for target in found:
        pod = target["labels"]["instance"]
        assert target == {
            "targets": ["127.0.0.1:9"],
            "labels": {"instance": pod, "__metrics_path__": f"/pods/{pod}/metrics"},
        }


def test_a_pod_stays_listed_while_it_restarts_in_place(fleet: Fleet):
    first, second = next(
        (left, right)
        for left, right in zip(fleet.lives(AT - 86_400, AT), fleet.lives(AT - 86_400, AT)[1:], strict=False)
        if left.pod == right.pod
    )
    for at in range(first.gone_at, second.started_at + 1):
        assert first.pod in {target["labels"]["instance"] for target in targets(fleet, "x", at)}
