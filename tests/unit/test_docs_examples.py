"""What the pages show works: documents load, commands exist, and requests are answered."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent

import pytest
import yaml
from tests.fakes.okr_world import World
from tests.unit.api.writing import WritingApi
from tests.unit.test_reference_docs import ALL_COMMANDS, PAGES, ROOT

from okrbridge.application.evaluate import Evaluator
from okrbridge.definitions.loader import load_text
from okrbridge.definitions.stored import load_together

AT = datetime(2026, 11, 9, 9, tzinfo=UTC)
AFTER = datetime(2027, 1, 4, 9, tzinfo=UTC)
"""The cycle of the pages is over."""
"""In the sixth week of the cycle of the pages."""
PIECES = {
    "metadata: ": "apiVersion: openslo/v1\nkind: SLO\n",
    "- name: ": "apiVersion: okrbridge.dev/v1\nkind: Objective\nmetadata: {name: more}\n"
    "spec:\n  cycle: 2026-q4\n  owner: jo\n  keyResults:\n",
    "measure: ": "apiVersion: okrbridge.dev/v1\nkind: Objective\nmetadata: {name: follower}\n"
    "spec:\n  cycle: 2026-q4\n  owner: jo\n  keyResults:\n  - name: one\n    from: 99%\n    to: 99.9%\n",
    "timeWindow: ": "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: by-the-month}\nspec:\n  service: api\n"
    "  indicatorRef: cart\n  budgetingMethod: Occurrences\n  objectives: [{target: 0.999}]\n",
}
"""What stands before a piece of a document, by how the piece begins."""
DEPTHS = {"metadata: ": 0, "timeWindow: ": 2}
SLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: api
  indicatorRef: cart
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: 0.999}}]
"""
SLI = """
apiVersion: openslo/v1
kind: SLI
metadata: {{name: {name}}}
spec:
  ratioMetric:
    counter: true
    bad: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'bad_total'}}}}}}
    total: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'all_total'}}}}}}
"""
INVENTORY = """
apiVersion: openslo/v1
kind: DataSource
metadata: {name: inventory}
spec: {type: SQL, connectionDetails: {url: "postgresql://reader@db.example/inventory"}}
"""
BILLING = """
apiVersion: openslo/v1
kind: DataSource
metadata: {name: billing}
spec: {type: CSV, connectionDetails: {path: billing.csv}}
"""
AROUND = [
    "apiVersion: okrbridge.dev/v1\nkind: Cycle\nmetadata: {name: 2026-q4}\nspec: {}\n",
    "apiVersion: okrbridge.dev/v1\nkind: Team\nmetadata: {name: engineering}\nspec: {}\n",
    INVENTORY,
    BILLING,
    *(SLI.format(name=name) for name in ("cart", "search")),
    *(SLO.format(name=name) for name in ("api-availability", "search-latency")),
]
"""What the documents of the pages refer to and other pages declare."""
FILE = """
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: 2026-q4}
spec: {}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: rock-solid-api}
spec:
  title: Make our API rock-solid reliable
  cycle: 2026-q4
  owner: maria
  keyResults:
    - {name: uptime, from: 99.2%, to: 99.95%, measure: {promql: uptime, unit: ratio}}
    - {name: p99-latency, from: 800ms, to: 200ms, measure: {promql: p99, unit: ms}}
    - {name: on-call-mood, from: 6, to: 8, measure: {manual: {expiresAfter: 14d}}}
"""
"""What the requests of the pages are about."""


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def document_of(block: str) -> str:
    """A block as a document: a piece of one gets what stands before it."""
    begin = next((begin for begin in PIECES if block.startswith(begin)), None)
    return block if begin is None else PIECES[begin] + indent(block, " " * DEPTHS.get(begin, 4))


def identity(text: str) -> tuple[object, object]:
    """Kind and name of a text's first document."""
    value = next(iter(yaml.safe_load_all(text)), None) or {}
    return value.get("kind"), value.get("metadata", {}).get("name")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "yaml")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_document_of_a_page_loads(page: Path):
    for block in blocks(page, "yaml"):
        shown = document_of(block)
        others = [one for one in AROUND if identity(one) != identity(shown)]
        if block.startswith("measure: "):
            others.append(SLO.format(name="myservice-requests-availability"))
        load_text("---\n".join([*others, shown]), page.name)


def shown_commands(page: Path) -> Iterator[list[str]]:
    """The words after ``okrbridge`` in the shell blocks of a page, and in its code spans."""
    text = page.read_text(encoding="utf-8")
    for code in [*blocks(page, "sh"), *re.findall(r"(?<!`)`(okrbridge [a-z][^`\n]*)`(?!`)", text)]:
        for words in re.findall(r"(?:^|\$\()okrbridge ((?:[^\n)>|\\]|\\\n)*)", code, re.MULTILINE):
            yield words.split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists_with_its_options(page: Path):
    for words in shown_commands(page):
        named = next((name for name in (" ".join(words[:2]), words[0]) if name in ALL_COMMANDS), None)
        is_group = any(name.startswith(f"{words[0]} ") for name in ALL_COMMANDS)
        assert named or is_group, f"okrbridge {' '.join(words)}"
        if named:
            options = {option for one in ALL_COMMANDS[named].params for option in (*one.opts, *one.secondary_opts)}
            assert {word.partition("=")[0] for word in words if word.startswith("--")} - options == set()


class Guide:
    """An API to which the requests of a page are sent one after the other."""

    def __init__(self, folder: Path, at: datetime) -> None:
        self.at = at
        self.api = WritingApi(folder)
        self.api.config.write_text(FILE)
        self.api.loaded = load_together(self.api.config, [], self.api.grid)
        self.api.move_to(at)
        self.world = World(self.api.definitions)
        self.world.source.readings |= {"uptime": 0.995, "p99": 500.0}
        self.parts = replace(self.world.parts, storage=self.api.storage)
        texts = self.api.tokens.texts
        self.filled_in = {"$TOKEN": texts["editor"], "$ADMIN_TOKEN": texts["admin"]}
        self.tick()

    def tick(self) -> None:
        """Evaluate what is declared now."""
        evaluator = Evaluator(self.parts, self.api.definitions, self.api.snapshots)
        self.world.clock.now = self.at + timedelta(seconds=10)
        evaluator.tick(self.at)

    def send(self, command: str) -> None:
        """Send what a curl command says, and expect that it is answered."""
        for name, text in sorted(self.filled_in.items(), reverse=True):
            command = command.replace(name, text.replace('"', r"\""))
        words = iter(shlex.split(command.replace("\\\n", " "))[1:])
        method, url, body, headers = "GET", "", None, {}
        for word in words:
            if word == "-X":
                method = next(words)
            elif word == "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(words)
            elif not word.startswith("-"):
                url = word.removeprefix("http://127.0.0.1:8080/api/v1")
        answer = self.api.client("anonymous").request(method, url, headers=headers, content=body)
        assert answer.is_success, f"{method} {url}: {answer.text}"
        if "etag" in answer.headers:
            self.filled_in["$ETAG"] = answer.headers["etag"]


GUIDES = [page for page in PAGES if any("curl " in block for block in blocks(page, "sh"))]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_every_request_of_a_page_is_answered(page: Path, tmp_path: Path):
    guide = Guide(tmp_path, AFTER if page.stem == "close-a-cycle" else AT)
    for block in blocks(page, "sh"):
        for command in re.split(r"^(?=curl |okrbridge |\w+=)", block, flags=re.MULTILINE):
            if command.startswith("curl "):
                guide.send(command)


def test_the_guides_are_tried():
    assert {page.stem for page in GUIDES} >= {"check-in", "close-a-cycle", "use-the-write-api"}
