"""What stays known of series that are gone, and how small reads share a question."""

from datetime import timedelta

import numpy as np

from okrbridge.domain.sli import Sli
from okrbridge.promql.selectors import Selector, parse_selector
from okrbridge.sources.prometheus.carry.asking import Some, raw_questions
from okrbridge.sources.prometheus.carry.facts import FactReader, UpMemory
from okrbridge.sources.prometheus.carry.members import Members
from okrbridge.sources.prometheus.carry.reads import Texts, layout, takes_in
from okrbridge.sources.prometheus.carry.series import SeriesBook, Targets
from okrbridge.sources.prometheus.http.levels import Levels
from okrbridge.sources.prometheus.readers import LevelReader

READER = LevelReader.__new__(LevelReader)  # its answers come apart without a client
MINUTE = timedelta(minutes=1)


def series(instance: str, code: str) -> bytes:
    return f'"__name__":"x","code":"{code}","instance":"{instance}","job":"j"'.encode()


def test_what_is_forgotten_leaves_the_rest_as_it_was():
    targets = Targets()
    book, facts = SeriesBook(targets), FactReader(targets)
    members = Members(book)
    errors = members.number(0, parse_selector('x{code="500"}'))
    book.copies(0, [series("a", "200"), series("b", "500"), series("b", "200"), series("c", "500")])
    told = [f'"__name__":"up","instance":"{instance}","job":"j"'.encode() for instance in "abc"]
    facts.sorted(Levels(told, np.ones((3, 1))))
    members.pairs()
    kept = np.array([False, True, True, False])
    members.forget(kept)
    numbers = targets.forget(np.array([False, True, False]))
    facts.forget(np.array([False, True, False]), numbers)
    book.forget(kept, numbers)
    assert (book.texts, book.copy_rows, book.targets.tolist()) == (
        [b'"code":"500","instance":"b","job":"j"', b'"code":"200","instance":"b","job":"j"'],
        [0, 1],
        [0, 0],
    )
    assert (targets.names, facts.up_targets.tolist()) == ([("j", "b")], [0])
    # Series that come later, or come back, are entered behind.
    assert book.copies(0, [series("b", "500"), series("a", "200"), series("d", "500")]).tolist() == [0, 2, 3]
    selectors, rows = members.pairs()
    assert set(zip(selectors.tolist(), rows.tolist(), strict=True)) == {(errors, 0), (errors, 3)}


def test_ups_that_are_recalled_never_replace_what_was_seen_later():
    memory = UpMemory(np.array([1.0, 0.0]), np.array([600.0, -np.inf]), 300)
    recalled = memory.recalled(np.array([0.0, 1.0]), 200)
    assert (recalled.value.tolist(), recalled.seen.tolist()) == ([1, 1], [600, 200])


def test_levels_of_a_batch_come_apart_without_the_label_that_told_them_apart():
    texts = [b'"__name__":"x","okrbridge_sli":"1","z":"2"', b'"okrbridge_sli":"0"', b'"a":"b","okrbridge_sli":"1"']
    apart = READER.apart(Levels(texts, np.array([[1.0], [2.0], [3.0]]), ("noted",)), [0, 1, 2])
    assert {place: one.texts for place, one in apart.items()} == {
        0: [b""],
        1: [b'"__name__":"x","z":"2"', b'"a":"b"'],
        2: [],
    }
    assert [one.values.tolist() for one in apart.values()] == [[[2]], [[1], [3]], []]


def test_levels_of_successive_times_stand_beside_each_other():
    first = Levels([b"a", b"b"], np.array([[1.0], [2.0]]))
    joined = READER.joined([first, Levels([b"b", b"c"], np.array([[3.0, 4.0], [5.0, 6.0]]), ("noted",))])
    assert joined.texts == [b"a", b"b", b"c"]
    assert np.nan_to_num(joined.values, nan=-1).tolist() == [[1, -1, -1], [2, 3, 4], [-1, 5, 6]]
    assert joined.warnings == ("noted",)


def test_a_read_takes_in_what_surely_lies_inside_it():
    read = parse_selector('x{a=~"1|2",c="3"}')
    inside = ['x{a="1",c="3"}', 'x{a=~"1|2",c="3",d!="4"}']
    outside = ['x{a="4",c="3"}', 'x{c="3"}', 'x{a=~"1",c!="3"}', 'y{a="1",c="3"}']
    assert [takes_in(read, parse_selector(text)) for text in inside + outside] == [True] * 2 + [False] * 4


def test_samples_of_several_metrics_with_equal_matchers_are_asked_together_where_names_are_kept():
    labels = {"job": "j", "instance": "a.b", "code": "500"}
    asked = [Some(place, Selector(name), [(labels, 1)]) for place, name in enumerate(("x", "y"))]
    [together] = raw_questions(asked, by_name=True)
    assert together.selector == '{__name__=~"x|y",job="j",instance=~"a\\\\.b"}'
    apart = list(raw_questions(asked, by_name=False))
    assert [one.selector for one in apart] == [f'{name}{{job="j",instance=~"a\\\\.b"}}' for name in ("x", "y")]


def test_a_layout_of_a_thousand_metrics_has_a_read_each():
    slis = tuple(Sli(f"s{number}", "prom", bad=f'm{number}{{code="5"}}', total=f"m{number}") for number in range(1000))
    assert len(layout(slis, Texts()).reads) == 1000
