"""``okrbridge import okrs.csv``: what becomes of the spreadsheet that leaders have."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from tests.unit.cli.conftest import Okrbridge

from okrbridge.cli.import_okrs import ImportedOkrs, imported_okrs
from okrbridge.cli.okr_cells import amount
from okrbridge.cli.okr_dates import day, named_cycle
from okrbridge.cli.okr_table import read_table
from okrbridge.definitions.loader import load_text
from okrbridge.definitions.openslo_rendering import documents_yaml
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.errors import DefinitionError, UnitError

HEAD = "Objective,Key Result,Owner,Start,Target"
SHEET = f"""{HEAD},Team,Current,Due,Confidence
Make our API rock-solid reliable,Increase API uptime,maria,99.2%,99.95%,backend,99.4%,2026-12-31,7
,Cut p99 latency,amina,800 ms,200ms,backend,,2026-11-30,
,Failed deploys,amina,,under 5%,backend,,,
"""


def made(text: str, cycle: str = "2026-q4") -> ImportedOkrs:
    return imported_okrs(read_table(text.encode(), "okrs.csv"), "okrs.csv", cycle)


def key_results(text: str) -> Sequence[KeyResult]:
    """What the loader makes of the documents."""
    return load_text(documents_yaml(made(text).documents), "made.yaml").definitions.key_results


def one_row(key_result: str, start: str = "", target: str = "") -> ImportedOkrs:
    return made(f'{HEAD}\nGrow,"{key_result}",maria,"{start}","{target}"\n')


def refused(result: ImportedOkrs) -> list[tuple[int, str]]:
    return [(each.line, each.code) for each in result.refused]


def test_a_spreadsheet_becomes_documents_that_load():
    uptime, latency, failed = key_results(SHEET)
    assert (uptime.kind, uptime.baseline, uptime.target) == (KeyResultKind.INCREASE, 0.992, 0.9995)
    assert (latency.kind, latency.baseline, latency.target) == (KeyResultKind.DECREASE, 800, 200)
    assert (failed.kind, failed.operator, failed.target) == (KeyResultKind.THRESHOLD, "lt", 0.05)
    assert {one.objective for one in (uptime, latency, failed)} == {"make-our-api-rock-solid-reliable"}


def test_the_last_day_belongs_to_the_period():
    uptime, latency, _ = key_results(SHEET)
    assert uptime.period.end.date() == date(2027, 1, 1)  # the cycle's end
    assert latency.period.end.date() == date(2026, 12, 1)  # 30 November is the last day


def test_current_values_and_confidence_are_kept_as_annotations():
    objective = made(SHEET).documents[1]
    metadata: Any = objective["metadata"]
    assert metadata["annotations"] == {
        "spreadsheet/increase-api-uptime.current": "99.4%",
        "spreadsheet/increase-api-uptime.confidence": "7",
    }


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_semicolons_tabs_and_a_byte_order_mark_are_read(delimiter: str, mark: str):
    table = read_table((mark + SHEET.replace(",", delimiter)).encode(), "okrs.csv")
    assert (len(table.rows), table.delimiter) == (3, delimiter)


def test_utf_16_of_a_spreadsheet_is_read():
    assert len(read_table(SHEET.encode("utf-16"), "okrs.csv").rows) == 3


def test_headings_have_synonyms_and_others_are_told():
    result = made("Goal,KR,DRI,Baseline,To,Status\nGrow,Users,maria,8k,14k,green\n")
    assert not result.refused
    assert "the column 'Status' is not read and left out" in [each.message for each in result.remarks]


@pytest.mark.parametrize(
    ("text", "semicolons", "value", "unit"),
    [
        ("99.2%", False, 0.992, "ratio"),
        ("8k", False, 8000, ""),
        ("8,000 users", False, 8000, ""),
        ("14 days", True, 14, "days"),
        ("€ 20,000", False, 20000, "EUR"),
        ("5k$", False, 5000, "USD"),
        ("90+", False, 90, ""),
        ("12/month", False, 12, "/month"),
        ("7 out of 10", False, 0.7, "ratio"),
        ("99,95 %", True, 0.9995, "ratio"),  # thousands are three digits long, so these are decimals
        ("1,5", False, 1.5, ""),
        ("0,125", True, 0.125, ""),
        ("1.234,50 €", True, 1234.5, "EUR"),
        ("1.000.000", True, 1e6, ""),
        ("1 500 000", True, 1.5e6, ""),
        ("$20,000", False, 20000, "USD"),
        ("12 per month", False, 12, "/month"),
        ("-5%", False, -0.05, "ratio"),
        ("1.5E-3", False, 0.0015, ""),
    ],
)
def test_cells_are_read_as_people_write_them(text: str, value: float, unit: str, *, semicolons: bool):
    found = amount(text, "", semicolons=semicolons).quantity
    assert (found.value, found.unit.symbol) == (value, unit)


@pytest.mark.parametrize(
    ("text", "semicolons", "told"),
    [
        ("1,500", True, "write 1500 or 1.5"),
        ("1.500", True, "write 1500 or 1.5"),
        ("€ 20.000", False, "write 20000 or 20.0"),  # nobody has prices with three decimals, but for a few
        ("1,23,4", False, "write it without signs between its thousands"),
        ("40-50", False, "write one number"),
        ("1" * 100_000, False, "is a text and no quantity"),
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_refused(text: str, told: str, *, semicolons: bool):
    with pytest.raises(UnitError, match=told):
        amount(text, "", semicolons=semicolons)


def test_a_unit_of_its_own_column_is_used():
    assert amount("25", "min", semicolons=False).quantity.text == "25 min"
    assert amount("25 h", "min", semicolons=False).quantity.text == "25 h"


def test_a_misspelt_unit_is_refused_and_what_is_counted_is_left_out_with_a_remark():
    assert refused(one_row("Size", "2 mb", "1 MB")) == [(2, "wrong_value")]
    assert next(each.code for each in one_row("Users", "8 users", "14 users").remarks) == "unit_left_out"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        ("2026/12/31", date(2026, 12, 31)),
        ("20261231", date(2026, 12, 31)),
        ("31.12.2026", date(2026, 12, 31)),
        ("31.12.26", date(2026, 12, 31)),
        ("12/31/2026", date(2026, 12, 31)),  # there is no month 31
        ("31/12/2026", date(2026, 12, 31)),
        ("1 Dec 2026", date(2026, 12, 1)),
        ("31-Dec-26", date(2026, 12, 31)),
        ("31. Dezember 2026", date(2026, 12, 31)),
        ("Dec 1, 2026", date(2026, 12, 1)),
        ("Q4 2026", date(2026, 12, 31)),
        ("2026-Q2", date(2026, 6, 30)),
    ],
)
def test_dates_that_everybody_reads_alike_are_read(text: str, expected: date):
    assert day(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3/4/2026", "write 2026-12-31"),
        ("soon", "write 2026-12-31"),
        ("30 February 2026", "no day of the calendar"),
        ("46387", "format the column as a date"),
    ],
)
def test_other_dates_are_refused(text: str, told: str):
    with pytest.raises(ValueError, match=told):
        day(text)


@pytest.mark.parametrize(
    "heading",
    [
        "Ziel;Schlüsselergebnis;Verantwortlich;Startwert;Zielwert",
        "Objectif;Résultat clé;Responsable;Départ;Cible",
        "OBJETIVO;Resultado  clave;Responsable;Inicio;Meta",
    ],
)
def test_headings_of_other_languages_are_read(heading: str):
    result = made(f"{heading}\nWachsen;Umsatz;Jörg;5 €;9,50 €\n")
    assert not result.refused
    assert result.documents[1]["metadata"] == {"name": "wachsen"}


def test_the_heading_may_stand_below_a_title():
    assert read_table(f"sep=;\nOKRs of Q4;;\n;;\n{SHEET.replace(',', ';')}".encode(), "okrs.csv").rows[0].number == 5


def test_a_file_of_an_older_spreadsheet_is_read_with_a_remark():
    result = imported_okrs(
        read_table(SHEET.replace("maria", "Jörg").encode("cp1252"), "okrs.csv"), "okrs.csv", "2026-q4"
    )
    assert [each.code for each in result.remarks if each.line == 1] == ["encoding"]
    assert result.documents[1]["spec"]["owner"] == "Jörg"  # type: ignore[index]  # a mapping


def test_of_two_columns_that_say_the_same_the_first_word_for_it_counts():
    result = made("Objective,Metric,Key Result,Owner,Baseline,Start,Target\nGrow,m,Users,maria,1,5,9\n")
    assert [each.message.split("'")[1] for each in result.remarks if each.code == "left_out"] == ["Metric", "Baseline"]
    assert result.documents[1]["spec"]["keyResults"][0]["from"] == "5"  # type: ignore[index]  # a mapping


def test_rows_may_say_by_their_type_what_they_are():
    rows = "Objective,Grow,maria,,,shop\nKey Result,Users,jo,5,9,\nKR,Sales,jo,1,2,\nInitiative,Ads,jo,,,\n"
    result = made(f"Type,Name,Owner,Start,Target,Team\n{rows}")
    assert refused(result) == [(5, "no_key_result")]
    spec: Any = result.documents[1]["spec"]
    assert (spec["title"], spec["owner"], spec["team"]) == ("Grow", "maria", "shop")
    assert [(one["title"], one["owner"]) for one in spec["keyResults"]] == [("Users", "jo"), ("Sales", "jo")]


def test_a_type_beside_objectives_and_key_results_is_left_out():
    result = made("Objective,Key Result,Type,Owner,Start,Target\nGrow,Users,aspirational,maria,5,9\n")
    assert "the column 'Type' is not read and left out" in [each.message for each in result.remarks]


@pytest.mark.parametrize("nobody", ["N/A", "-", "tbd", "#N/A"])
def test_a_cell_that_says_nobody_knows_is_empty(nobody: str):
    assert refused(one_row("Users", nobody, "9")) == [(2, "no_baseline")]


def test_start_and_target_in_different_units_are_refused_at_their_row():
    assert refused(one_row("Mood", "32", "40 points")) == [(2, "wrong_unit")]


@pytest.mark.parametrize("cycle", ["2026-q4", "2026-Q4", "Q4 2026", "2026q4"])
def test_a_quarter_is_known_however_it_is_written(cycle: str):
    assert named_cycle(cycle) == "2026-q4"


@pytest.mark.parametrize("title", ["Größere Märkte öffnen", "Groessere Maerkte oeffnen"])
def test_letters_with_accents_stay_letters_in_names(title: str):
    assert made(f"{HEAD}\n{title},Users,maria,5,9\n").documents[1]["metadata"] == {"name": "groessere-maerkte-oeffnen"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("Latency to 200 ms", "", "200ms"), "no_baseline"),
        (("Launch emails", "", ""), "no_numbers"),
        (("Users", "5", "5"), "target_equals_baseline"),
        (("Users", "many", "more"), "wrong_value"),
    ],
)
def test_rows_that_cannot_be_converted_are_listed(row: tuple[str, str, str], code: str):
    result = one_row(*row)
    assert refused(result) == [(2, code)]
    assert [each["kind"] for each in result.documents] == ["Cycle"]


def test_a_way_in_the_title_stands_for_empty_columns():
    (found,) = key_results(f"{HEAD}\nGrow,Raise NPS from 40 points to 45 points by June,maria,,\n")
    assert (found.baseline, found.target) == (40, 45)


def test_rows_that_cannot_be_converted_are_linted_as_well():
    codes = [each.code for each in one_row("Launch onboarding emails").remarks]
    assert codes == ["task_not_outcome"]


def test_an_objective_without_owner_is_refused_with_its_rows():
    assert refused(made(f"{HEAD}\nGrow,Users,,5,9\n,Sales,,5,9\n")) == [(2, "no_owner"), (3, "no_owner")]


def test_a_row_above_all_objectives_is_refused():
    assert refused(made(f"{HEAD}\n,Users,maria,5,9\n")) == [(2, "no_objective")]


def test_the_line_of_a_row_counts_line_breaks_inside_cells():
    assert refused(made(f'{HEAD}\nGrow,"Users\nof all",maria,5,9\n,Sales,,5,5\n')) == [(4, "target_equals_baseline")]


def test_equal_titles_get_names_of_their_own():
    first, second = key_results(f"{HEAD}\nGrow,Users,maria,5,9\n,Users,,7,9\n")
    assert (first.name, second.name) == ("users", "users-2")


def test_the_cycle_is_the_quarter_of_all_due_dates():
    text = f"{HEAD},Due\nGrow,Users,maria,5,9,2026-12-31\n,Sales,,5,9,2026-10-01\n"
    assert made(text, cycle="").documents[0]["metadata"] == {"name": "2026-q4"}
    with pytest.raises(DefinitionError, match="2026-q3, 2026-q4; give the cycle"):
        made(text.replace("2026-10-01", "2026-09-30"), cycle="")
    with pytest.raises(DefinitionError, match="no row has a due date"):
        made(f"{HEAD}\nGrow,Users,maria,5,9\n", cycle="")


def test_a_cycle_that_is_no_quarter_has_its_own_document_elsewhere():
    result = made(SHEET, cycle="summer")
    assert [each["kind"] for each in result.documents] == ["Objective"]
    assert [each.code for each in result.remarks] == ["not_checked"]


def test_a_due_date_outside_of_the_cycle_is_refused():
    text = f"{HEAD},Due\nGrow,Users,maria,5,9,2027-01-01\n"
    assert refused(made(text)) == [(2, "wrong_date")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; the first row is the heading"),
        (b"a,b\n1,2\n", "no column for the objective and the key result in its heading, 'a, b'; write 'objective'"),
        (b"Goal,b\n1,2\n", "no column for the key result in its heading, 'Goal, b'; write 'key result'"),
        (b"Objective,Objective,KR\na,b,c\n", "several columns for the objective"),
        (b"Objective,KR\n\n", "a heading and no row below it"),
        (b'"open\n', "cannot be read as a table"),
        (b"PK\x03\x04\x14\x00", "is a workbook and no CSV file"),
        (b"Objective,KR\na\x00,b\n", "holds the character U"),
        (b"Objective,KR\na\x81,b\n", "is not text; save it as CSV UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_and_says_what_is_wanted(content: bytes, told: str):
    with pytest.raises(DefinitionError, match=told):
        read_table(content, "okrs.csv")


def test_what_is_the_same_in_many_rows_is_told_once(okrbridge: Okrbridge, tmp_path):
    rows = "".join(f"Grow,Users {number},maria,5,9\n" for number in range(4))
    (tmp_path / "okrs.csv").write_text(f"{HEAD}\n{rows}", encoding="utf-8")
    told = okrbridge("import", "okrs.csv", "--cycle", "Q4 2026").stderr.splitlines()
    assert [line.partition(": ")[0] for line in told] == ["okrs.csv:2:1"]
    assert told[0].endswith("(also in lines 3, 4, 5) [unguarded_metric]")


def test_a_cycle_that_is_no_name_is_refused(okrbridge: Okrbridge, tmp_path):
    (tmp_path / "okrs.csv").write_text(SHEET, encoding="utf-8")
    outcome = okrbridge("import", "okrs.csv", "--cycle", "Next year")
    assert outcome.code == 2
    assert "'Next year' is no name of a Cycle" in outcome.stderr


def test_the_command_prints_documents_and_tells_the_rest_on_stderr(okrbridge: Okrbridge, tmp_path):
    (tmp_path / "okrs.csv").write_text(f"{SHEET}Grow,Launch emails,jo,,,,,,\n", encoding="utf-8")
    outcome = okrbridge("import", "okrs.csv")
    assert outcome.code == 1
    assert outcome.stdout.count("kind: Objective") == 1
    assert "okrs.csv:5:1: 'Launch emails': no target" in outcome.stderr
    assert outcome.stderr.rstrip().endswith("[not converted: no_numbers]")
    (tmp_path / "made.yaml").write_text(outcome.stdout, encoding="utf-8")
    assert okrbridge("validate", "made.yaml").code == 0


def test_the_command_leaves_with_0_when_every_row_was_converted(okrbridge: Okrbridge, tmp_path):
    (tmp_path / "okrs.csv").write_text(SHEET, encoding="utf-8")
    outcome = okrbridge("import", "okrs.csv", "--format", "json")
    assert (outcome.code, [each["kind"] for each in outcome.json]) == (0, ["Cycle", "Objective"])


def test_a_spreadsheet_stands_alone(okrbridge: Okrbridge, tmp_path):
    (tmp_path / "okrs.csv").write_text(SHEET, encoding="utf-8")
    assert okrbridge("import", "okrs.csv", "a.yaml").code == 2
    assert okrbridge("import", "a.yaml", "--cycle", "2026-q4").code == 2
    assert okrbridge("import", "missing.csv").code == 2
