"""Which series a selector takes in: Prometheus' own semantics."""

import pytest

from okrbridge.promql.selectors import parse_selector

# selector, labels of a series, whether it is selected
CASES = [
    ("x", {}, True),
    ("x", {"any": "thing"}, True),
    ("x", {"__name__": "x"}, True),
    ("x", {"__name__": "y"}, False),
    ('x{a="1"}', {"a": "1", "b": "2"}, True),
    ('x{a="1"}', {"a": "10"}, False),
    ('x{a="1"}', {}, False),
    # A label that is not there is the empty text.
    ('x{a=""}', {}, True),
    ('x{a=""}', {"a": "1"}, False),
    ('x{a!="1"}', {}, True),
    ('x{a!=""}', {}, False),
    ('x{a!=""}', {"a": "1"}, True),
    ('x{a=~"1?"}', {}, True),
    ('x{a=~".+"}', {}, False),
    ('x{a=~".*"}', {}, True),
    ('x{a!~".+"}', {}, True),
    ('x{a!~".*"}', {}, False),
    ('x{a=~"|1"}', {}, True),
    # Patterns speak of the whole value, alternatives too.
    ('x{a=~"5.."}', {"a": "500"}, True),
    ('x{a=~"5.."}', {"a": "5000"}, False),
    ('x{a=~"5.."}', {"a": "1500"}, False),
    ('x{a=~"4|5"}', {"a": "45"}, False),
    ('x{a=~"^5..$"}', {"a": "503"}, True),
    ('x{a!~"5.."}', {"a": "500"}, False),
    ('x{a!~"5.."}', {"a": "5000"}, True),
    # RE2: flags inside, classes of Unicode, a dot that takes a line feed as in Prometheus 3.
    ('x{a=~"(?i)get"}', {"a": "GET"}, True),
    (r'x{a=~"\\pL+"}', {"a": "Größe"}, True),
    ('x{a=~"a.b"}', {"a": "a\nb"}, True),
    ('x{a=~"é."}', {"a": "éü"}, True),
    # A text without special characters is compared as it is.
    ('x{a=~"a-b"}', {"a": "a-b"}, True),
    ('x{a!~"a-b"}', {}, True),
    # All matchers must agree.
    ('x{a="1",b!="2"}', {"a": "1", "b": "2"}, False),
    ('x{a=~".+",a!="1"}', {"a": "1"}, False),
    ('x{a=~".+",a!="1"}', {"a": "2"}, True),
]


@pytest.mark.parametrize(("query", "labels", "is_selected"), CASES)
def test_a_series_is_selected_as_prometheus_would(query, labels, is_selected):
    assert parse_selector(query).matches(labels) is is_selected


def test_the_values_that_labels_must_have_are_told_by_label():
    selector = parse_selector('x{job="api",code=~"5..",zone="",path=~"/a"}')
    # A pattern without special characters is an equality, too.
    assert selector.equalities == {"job": "api", "zone": "", "path": "/a"}
