"""The reference pages tell all there is and nothing else, and their links lead somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from okrbridge.cli.application import make_app
from okrbridge.cli.exit_codes import FINDINGS, GOOD, UNREACHABLE, WARNINGS, WRONG
from okrbridge.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SETTINGS = (REFERENCE / "settings.md").read_text(encoding="utf-8")
COMMANDS = (REFERENCE / "commands.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMON_OPTIONS = {"--config", "--database-url", "--format"}


def told_defaults() -> dict[str, str]:
    """Variable and default of each row of the settings table."""
    return dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", SETTINGS, re.MULTILINE))


def as_written(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_every_setting_is_told_with_its_default_and_no_other():
    defaults = {f"{PREFIX}{name.upper()}": as_written(one.default) for name, one in Settings.model_fields.items()}
    assert told_defaults() == defaults


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_variable_that_does_not_exist(page: Path):
    known = {f"{PREFIX}{name.upper()}{end}" for name in Settings.model_fields for end in ("", "_FILE")}
    # A test variable of the developers' own would stand here with a reason; there is none.
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8"))) - known == set()


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """All commands that do something; typer has a click of its own, without types."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


ALL_COMMANDS = dict(commands(typer.main.get_command(make_app())))


def section_of(command: str) -> str:
    """The part of the page under the heading that names a command."""
    group, _, name = command.partition(" ")
    for section in re.split(r"^## ", COMMANDS, flags=re.MULTILINE)[1:]:
        words = re.findall(r"[\w-]+", section.partition("\n")[0])
        if words[:2] == ["okrbridge", group] and (not name or name in words[2:]):
            return section
    return ""


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_every_command_has_its_section_with_its_own_options(command: str):
    section = section_of(command)
    assert section, f"no heading `okrbridge {command}`"
    options = {
        option
        for parameter in ALL_COMMANDS[command].params
        if parameter.param_type_name == "option"
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {option for option in options - COMMON_OPTIONS if not re.search(rf"{option}\b", section)} == set()


def test_the_page_tells_the_common_options_once_for_all_commands():
    introduction = COMMANDS.partition("\n## ")[0]
    assert {option for option in COMMON_OPTIONS if option not in introduction} == set()


def test_the_page_names_no_option_that_does_not_exist():
    every = [typer.main.get_command(make_app()), *ALL_COMMANDS.values()]
    known = {"--help", *(option for command in every for one in command.params for option in one.opts)}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", COMMANDS)) - known == set()


def test_the_exit_codes_are_the_ones_of_the_program():
    told = [int(code) for code in re.findall(r"^\| (\d) \|", COMMANDS, re.MULTILINE)]
    assert told == [GOOD, FINDINGS, WRONG, WARNINGS, UNREACHABLE]


def spans_in_the_source() -> set[str]:
    """First arguments of all calls of a span or a tracing."""
    calls = (
        node
        for file in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
    )
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"span", "_tracing"}
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_span_is_told_and_no_other():
    rows = re.findall(r"^\| (`okrbridge\.[^|]*) \|", SETTINGS, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == spans_in_the_source()
    assert len(spans_in_the_source()) >= 6


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead, outside of code blocks."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r"""(?:src|href|srcset)="([^"]+)\"""", text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_to_a_file_or_a_heading_that_does_not_exist(page: Path):
    lost = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (heading and target.suffix == ".md" and heading not in headings(target)):
            lost.append(link)
    assert lost == []


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on code hosts."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
