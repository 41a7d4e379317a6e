"""Which reads serve many SLIs, and which series each selector takes in."""

import pytest

from okrbridge.domain.sli import Sli, SliKind
from okrbridge.promql.selectors import parse_selector
from okrbridge.sources.prometheus.carry.members import Members
from okrbridge.sources.prometheus.carry.reads import Texts, common_reads, layout
from okrbridge.sources.prometheus.carry.series import SeriesBook, Targets


@pytest.mark.parametrize(
    ("selectors", "reads"),
    [
        (['x{a="1",b="2"}', 'x{a="1",b!="3"}'], ['x{a="1"}']),
        (['x{a="1"}', 'x{a="2",b="3"}'], ['x{a=~"1|2"}']),
        (['x{a="1.5"}', "x"], ["x"]),
        (['x{a="1.5"}', 'x{a="2"}'], ['x{a=~"1\\\\.5|2"}']),
        (['y{a="1"}', 'x{a="2"}'], ['x{a="2"}', 'y{a="1"}']),
        ([f'x{{a="{number}"}}' for number in range(1001)], ["x"]),
    ],
)
def test_one_read_a_metric_takes_in_all_selectors_and_little_else(selectors, reads):
    assert [read.text for read in common_reads(map(parse_selector, selectors))] == reads


def test_slis_of_other_kinds_and_faulty_ones_have_no_terms():
    slis = (
        Sli("fine", "prom", total="x", bad='x{code="500"} + y'),
        Sli("gauge", "prom", total="sum(x)", bad="y", kind=SliKind.EXPRESSIONS),
        Sli("faulty", "prom", total="sum(rate(x[5m]))", bad="y"),
    )
    found = layout(slis, Texts())
    assert set(found.rows.tolist()) == {0}
    assert [(read.text, found.touched(group)) for group, read in enumerate(found.reads)] == [("x", [0]), ("y", [0])]
    assert list(found.faults) == [2]


def test_selectors_take_in_series_entered_before_and_after_them():
    book = SeriesBook(Targets())
    members = Members(book)
    errors = members.number(0, parse_selector('x{code=~"5.."}'))
    book.copies(0, [b'"__name__":"x","code":"500"', b'"__name__":"x","code":"200"'])
    members.pairs()
    fine = members.number(0, parse_selector('x{code="200"}'))
    without = members.number(0, parse_selector('x{code=""}'))
    book.copies(0, [b'"__name__":"x"', b'"code":"503"'])
    selectors, rows = members.pairs()
    assert set(zip(selectors.tolist(), rows.tolist(), strict=True)) == {
        (errors, 0),
        (fine, 1),
        (without, 2),
        (errors, 3),
    }


def test_copies_share_a_row_and_the_name_does_not_matter():
    book = SeriesBook(Targets(), ["replica"])
    first = book.copies(0, [b'"__name__":"x","a":"1","replica":"p"', b'"__name__":"x","a":"1","replica":"q"'])
    again = book.copies(0, [b'"a":"1","replica":"q"'], once=True)
    assert (first.tolist(), again.tolist(), book.copy_rows, len(book)) == ([0, 1], [1], [0, 0], 1)
    assert book.has_copies
