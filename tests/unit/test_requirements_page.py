"""The page of requirements names every one, and says held of those that a test tells, and of no others."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reference" / "requirements.md").read_text(encoding="utf-8")
NUMBERS = [*range(1, 123), *range(153, 179)]
"""Those of the page: the others are about dashboards, alerts and further systems."""


class Row(NamedTuple):
    """A requirement as the page tells it."""

    number: int
    state: str
    files: frozenset[str]
    left: str


def rows() -> Iterator[Row]:
    for line in re.findall(r"^\| R\d+ \|.*\|$", PAGE, re.MULTILINE):
        number, requirement, state, files, left = (cell.strip() for cell in line.strip("|").split("|"))
        assert requirement
        yield Row(int(number[1:]), state, frozenset(re.findall(r"`(\w+)`", files)), left)


ROWS = list(rows())


def numbers_of(test: str) -> list[int]:
    """What a test is named after: ``test_r66_r69_…`` is of two requirements, ``test_r101_to_r115_…`` of fifteen."""
    named = re.match(r"test_(r\d+(?:_(?:and_|to_)?r\d+)*)_", test)
    spans = re.findall(r"r(\d+)(?:_to_r(\d+))?", named[1]) if named else []
    return [number for first, last in spans for number in range(int(first), int(last or first) + 1)]


@cache
def files_of_tests() -> dict[int, set[str]]:
    """The files that hold the tests of each requirement, without ``test_`` and ``.py``."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for number in numbers_of(node.name) if isinstance(node, ast.FunctionDef) else ():
                found[number].add(file.stem.removeprefix("test_"))
    return found


@pytest.mark.parametrize(
    ("test", "numbers"),
    [
        ("test_r94_gaps_are_gaps", [94]),
        ("test_r66_r69_both", [66, 69]),
        ("test_r86_and_r92_both", [86, 92]),
        ("test_r171_to_r173_all", [171, 172, 173]),
        ("test_r2d2_speaks", []),
        ("test_rows", []),
    ],
)
def test_a_test_is_of_the_requirements_it_is_named_after(test, numbers):
    assert numbers_of(test) == numbers


def test_every_requirement_stands_on_the_page_once_and_in_order():
    assert [row.number for row in ROWS] == NUMBERS


def test_every_test_of_a_requirement_is_of_one_that_the_page_says_is_held():
    held = {row.number for row in ROWS if row.state in {"held", "in part"}}
    assert set(files_of_tests()) - held == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"R{row.number}")
def test_what_is_held_is_held_by_a_test_in_the_files_named(row: Row):
    assert row.state in {"held", "in part", "open"}
    assert row.files - files_of_tests()[row.number] == set()
    assert bool(row.files) == (row.state != "open")


@pytest.mark.parametrize("row", [row for row in ROWS if row.state != "held"], ids=lambda row: f"R{row.number}")
def test_what_is_not_held_says_what_is_left(row: Row):
    assert len(row.left.split()) > 1  # "as R153" is the shortest
