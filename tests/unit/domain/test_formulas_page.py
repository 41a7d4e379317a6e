import doctest
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from okrbridge.domain import (
    alerting,
    anomalies,
    baselines,
    burn_rate,
    calendar_budget,
    compliance,
    composite,
    composition,
    confidence,
    count_budget,
    error_budget,
    exclusions,
    forecast,
    no_data,
    pacing,
    portfolio,
    progress,
    rollup,
    run_rate,
    sample_mean,
    scoring,
    shares,
    significance,
    stated,
    target_history,
    time_slices,
    velocity,
)

FORMULAS = [
    alerting,
    anomalies,
    baselines,
    burn_rate,
    calendar_budget,
    compliance,
    composite,
    composition,
    confidence,
    count_budget,
    error_budget,
    exclusions,
    forecast,
    no_data,
    pacing,
    portfolio,
    progress,
    rollup,
    run_rate,
    sample_mean,
    scoring,
    shares,
    significance,
    stated,
    target_history,
    time_slices,
    velocity,
]

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "formulas.md"
TEXT = PAGE.read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(okrbridge\.domain\.[\w.]+)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_every_function_named_on_the_page_exists(name):
    _, _, module, *path = name.split(".")
    found = importlib.import_module(f"okrbridge.domain.{module}")
    for attribute in path:
        found = getattr(found, attribute)
    assert path
    assert callable(found) or isinstance(found, property)


@pytest.mark.parametrize("module", FORMULAS)
def test_every_formula_of_a_module_is_on_the_page(module):
    assert public_functions(module) - set(NAMED) == set()


def public_functions(module: ModuleType) -> set[str]:
    return {
        f"{module.__name__}.{name}"
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def test_the_examples_on_the_page_are_true():
    blocks = re.findall(r"^```pycon\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    report: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(examples, out=report.append)
    assert outcome.failed == 0, "".join(report)
    assert outcome.attempted > 40


def test_every_section_names_the_function_that_computes_it():
    sections = re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]
    assert [section.splitlines()[0] for section in sections if "Computed by `okrbridge." not in section] == []
