# ruff: noqa: E501, ISC004 - a row of a table, with the very line it expects, reads best unbroken
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.definitions.samples import CYCLE, EVERYTHING, OBJECTIVE, SLO, changed

from okrbridge.definitions.loader import load, load_text
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.errors import DefinitionError

EXAMPLE = Path(__file__).parents[3] / "config"


def faults(paths: Sequence[Path], below: object) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        load(paths)
    return [str(fault).replace(f"{below}/", "") for fault in raised.value.faults]


def test_the_example_loads_without_faults_and_without_warnings():
    loaded = load([EXAMPLE])

    assert loaded.warnings == ()
    assert loaded.files == 5
    definitions = loaded.definitions
    assert [slo.name for slo in definitions.slos] == [
        "api-availability",
        "search-availability",
        "search-latency",
        "payments-availability",
        "payments-week",
    ]
    assert {slo.service for slo in definitions.slos} == {"api", "search", "payments"}
    assert [window.name for window in definitions.maintenance] == ["payments-database-upgrade"]
    assert [cycle.name for cycle in definitions.cycles] == ["2026-q4"]
    assert [len(objective.key_results) for objective in definitions.objectives] == [3, 3]
    assert {kr.kind for kr in definitions.key_results} == {
        KeyResultKind.INCREASE,
        KeyResultKind.DECREASE,
        KeyResultKind.THRESHOLD,
        KeyResultKind.ERROR_BUDGET,
    }


def test_the_examples_cycle_stands_alone_in_its_file():
    (document,) = load([EXAMPLE / "cycle.yaml"]).definitions.documents

    assert (document.kind, document.name) == ("Cycle", "2026-q4")


def test_every_example_file_begins_by_saying_what_it_holds():
    for file in EXAMPLE.glob("*.yaml"):
        assert file.read_text().startswith("# The "), file


def test_folders_are_read_to_the_bottom_and_hidden_names_are_skipped(tmp_path):
    (tmp_path / "teams" / "backend").mkdir(parents=True)
    (tmp_path / "cycle.yml").write_text(CYCLE)
    (tmp_path / "teams" / "backend" / "okr.yaml").write_text(OBJECTIVE)
    (tmp_path / "teams" / "slo.yaml").write_text(SLO)
    (tmp_path / "README.md").write_text("# not a document")
    (tmp_path / ".hidden.yaml").write_text("broken: [")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("broken: [")

    loaded = load([tmp_path])

    assert loaded.files == 3
    assert [document.place for document in loaded.definitions.documents] == [
        f"{tmp_path}/cycle.yml:1",
        f"{tmp_path}/teams/backend/okr.yaml:1",
        f"{tmp_path}/teams/slo.yaml:1",
    ]


def test_a_mounted_config_map_is_read_once(tmp_path):
    # Kubernetes mounts files as links into ..data, itself a link to a folder with a time in its name
    data = tmp_path / "..2026_11_01"
    data.mkdir()
    (data / "all.yaml").write_text(EVERYTHING)
    (tmp_path / "..data").symlink_to(data)
    (tmp_path / "all.yaml").symlink_to(Path("..data") / "all.yaml")

    assert load([tmp_path]).files == 1


def test_a_folder_that_links_to_itself_is_read_once(tmp_path):
    (tmp_path / "all.yaml").write_text(EVERYTHING)
    (tmp_path / "again").symlink_to(tmp_path)

    assert load([tmp_path, tmp_path / "all.yaml"]).files == 1


def test_all_faults_of_all_files_are_told_at_once_in_reading_order(tmp_path):
    (tmp_path / "a.yaml").write_text(changed(SLO, "target: 0.999", "target: 1"))
    (tmp_path / "b.yaml").write_text(changed(CYCLE, "2026-10-01", "2026-02-30"))
    (tmp_path / "c.yaml").write_text(changed(OBJECTIVE, "from: 99.2%", "form: 99.2%"))
    (tmp_path / "d.yaml").write_text("a: [")

    assert faults([tmp_path, tmp_path / "gone.yaml"], tmp_path) == [
        "a.yaml:15:25: spec.objectives[0].target: a target of 100% leaves no error budget to measure; choose one below it, "
        'such as 99.99%, or count failures with the annotation okrbridge.dev/count-budget: "5"',
        "b.yaml:5:10: spec.start: '2026-02-30': February 2026 has 28 days",
        "c.yaml:8:7: spec.keyResults[0].from: no baseline: say where it starts with from, have it measured with baseline: "
        "{over: 90d}, or make it a threshold with operator: ge or le",
        "c.yaml:9:7: spec.keyResults[0].form: unknown key; did you mean 'from'?",
        "d.yaml:2:1: not valid YAML: did not find expected node content while parsing a flow node that begins in line 2",
        "gone.yaml:1:1: there is no such file or folder",
    ]


def test_references_and_names_reach_across_files(tmp_path):
    (tmp_path / "a.yaml").write_text(SLO + "---\n" + CYCLE)
    (tmp_path / "b.yaml").write_text(CYCLE)
    (tmp_path / "c.yaml").write_text(changed(OBJECTIVE, "slo: api-availability", "slo: web-availability"))

    found = faults([tmp_path], tmp_path)

    assert found == [
        "b.yaml:3:18: metadata.name: another Cycle is named '2026-q4', at a.yaml:19",
        "c.yaml:11:22: spec.keyResults[0].measure.slo: there is no SLO named 'web-availability'; did you mean "
        "'api-availability'?",
    ]


def test_what_may_stand_in_an_unreadable_file_is_not_called_missing(tmp_path):
    (tmp_path / "a.yaml").write_text(changed(SLO, "service: api", "service: api: x"))
    (tmp_path / "b.yaml").write_text(OBJECTIVE + "---\n" + CYCLE)

    (fault,) = faults([tmp_path], tmp_path)

    assert fault.startswith("a.yaml:5:15: not valid YAML")


@pytest.mark.parametrize("content", ["", "# only a comment\n", "---\n---\n"])
def test_nothing_at_all_is_a_fault(tmp_path, content):
    (tmp_path / "a.yaml").write_text(content)

    assert faults([tmp_path / "a.yaml"], tmp_path) == ["a.yaml:1:1: holds no document"]


def test_a_folder_without_documents_is_a_fault(tmp_path):
    (tmp_path / "config").mkdir()

    assert faults([tmp_path / "config"], tmp_path) == ["config:1:1: no file named *.yaml or *.yml in this folder"]


def test_a_file_that_is_too_long_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("#" * 5_000_001)

    assert faults([tmp_path / "a.yaml"], tmp_path) == ["a.yaml:1:1: longer than 5 MB; split the file"]


def test_a_path_no_system_knows_is_a_fault():
    (fault,) = faults([Path("a\0b.yaml")], "")

    assert "cannot be read" in fault or "no such file" in fault


def test_documents_are_recorded_as_canonical_json():
    one = load_text(CYCLE, "x.yaml").definitions.documents
    # the same document, written in another order and style
    other = load_text(
        "kind: 'Cycle'\nspec: {timezone: Europe/Berlin, end: '2027-01-01', start: 2026-10-01}\n"
        "metadata:\n  name: 2026-q4\napiVersion: okrbridge.dev/v1\n",
        "y.yaml",
    ).definitions.documents

    assert one[0].content == other[0].content
    assert one[0].content == json.dumps(json.loads(one[0].content), sort_keys=True, separators=(",", ":"))
    assert (one[0].kind, one[0].name, one[0].place) == ("Cycle", "2026-q4", "x.yaml:1")


def test_text_is_loaded_as_a_file_is():
    assert isinstance(load_text(EVERYTHING, "stdin").definitions, DefinitionSet)


def test_standard_input_stands_beside_files_and_folders(tmp_path):
    (tmp_path / "a.yaml").write_text(SLO + "---\n" + CYCLE)

    loaded = load([tmp_path], OBJECTIVE.encode())

    assert loaded.files == 2
    assert next(document.place for document in loaded.definitions.documents) == "<stdin>:1"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "<stdin>:1:1: holds no document"),
        (b"a: \xe4", "<stdin>:1:4: the file is not UTF-8 text; save it as UTF-8"),
        (b"#" * 5_000_001, "<stdin>:1:1: longer than 5 MB; split the file"),
    ],
)
def test_standard_input_that_cannot_be_used_is_a_fault(content, fault):
    with pytest.raises(DefinitionError) as raised:
        load([], content)

    assert [str(each) for each in raised.value.faults] == [fault]


NO_NUMBERS = [
    ("target: 0.999", "target: {value}"),
    ("service: api", "service: {value}"),
    ("duration: 30d", "duration: {value}"),
    ("name: api-availability}\nspec", "name: {value}}}\nspec"),
    ("kind: SLO", "kind: {value}"),
    ("objectives: [{target: 0.999}]", "objectives: {value}"),
]


@pytest.mark.parametrize("value", [".nan", "-.inf", "1e999", "9" * 65, "0.9" + "9" * 63, "!secret x"])
@pytest.mark.parametrize(("old", "new"), NO_NUMBERS)
def test_a_value_that_means_nothing_is_one_fault(old, new, value):
    with pytest.raises(DefinitionError) as raised:
        load_text(changed(SLO, old, new.format(value=value)), "a.yaml")

    assert [fault.code for fault in raised.value.faults] == ["yaml_scalar"]


def test_a_value_that_means_nothing_hides_no_fault_at_another_place():
    text = changed(changed(SLO, "target: 0.999", "target: .nan"), "30d", "1month")

    with pytest.raises(DefinitionError) as raised:
        load_text(text, "a.yaml")

    assert [fault.code for fault in raised.value.faults] == ["wrong_value", "yaml_scalar"]
