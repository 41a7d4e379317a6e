"""Values from SQL databases and CSV files: the same events in both, so that they must say the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from okrbridge.application.ports import Reading, ValueRequest
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.measures import Aggregation, CsvMeasure, HttpMeasure, SqlMeasure
from okrbridge.domain.windows import Interval
from okrbridge.errors import ConfigurationError, SourceFailureReason
from okrbridge.sources.csv_file.source import CsvSource, csv_from_declaration
from okrbridge.sources.sql.source import SqlSource, sql_from_declaration

AT = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = Interval(datetime(2026, 10, 1, tzinfo=UTC), AT)
BILLING = """day,service,spend,calls,tag
2026-09-30,api,100,10,web
2026-10-01,api,200,20,web
2026-10-02,search,50,25,
2026-10-31,api,300,30,web
2026-11-01,api,999,1,web
"""


@pytest.fixture
def table(tmp_path: Path) -> CsvSource:
    (tmp_path / "billing.csv").write_text(BILLING, encoding="utf-8")
    return CsvSource("billing", tmp_path / "billing.csv")


@pytest.fixture
def database(tmp_path: Path) -> SqlSource:
    url = f"sqlite:///{tmp_path}/billing.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE billing (day TEXT, service TEXT, spend REAL, calls INTEGER)"))
        for line in BILLING.splitlines()[1:]:
            day, service, spend, calls, _ = line.split(",")
            row = {"day": f"{day} 00:00:00.000000", "service": service, "spend": spend, "calls": calls}
            connection.execute(text("INSERT INTO billing VALUES (:day, :service, :spend, :calls)"), row)
    engine.dispose()
    return sql_from_declaration(DataSource("billing", "SQL", {"url": url}))


def ask_table(table: CsvSource, **how: Any) -> Reading:
    measure = CsvMeasure("billing", **how)
    return table.values([ValueRequest(measure.column, AT, MONTH, measure)])[0]


def ask_database(database: SqlSource, query: str, *, has_members: bool = False) -> Reading:
    measure = SqlMeasure(query, "billing", has_members=has_members)
    return database.values([ValueRequest(query, AT, MONTH, measure)])[0]


@pytest.mark.parametrize(
    ("how", "value"),
    [
        # October holds 200 + 50 + 300; the day before and the day after are outside.
        ({"column": "spend"}, 550),
        ({"column": "spend", "where": {"service": "api"}}, 500),
        ({"column": "spend", "aggregation": Aggregation.MAX}, 300),
        ({"aggregation": Aggregation.COUNT}, 3),
        ({"column": "service", "aggregation": Aggregation.DISTINCT}, 2),
        # Spend by calls: 20 + 25 + 30 calls.
        ({"column": "spend", "divisor_column": "calls"}, 550 / 75),
    ],
)
def test_a_table_gives_one_number_from_the_rows_of_the_window(table: CsvSource, how: dict[str, Any], value: float):
    reading = ask_table(table, time_column="day", **how)
    assert reading.failure is None
    assert reading.value == pytest.approx(value)


def test_a_table_without_a_time_column_speaks_of_all_its_rows(table: CsvSource):
    assert ask_table(table, column="spend").value == 1649  # 100 + 200 + 50 + 300 + 999


def test_a_table_gives_a_number_for_each_member(table: CsvSource):
    reading = ask_table(table, column="spend", time_column="day", member_column="service")
    assert reading.members == (("api", 500.0), ("search", 50.0))


def test_r114_a_mean_of_rows_tells_how_far_they_lie_apart(tmp_path: Path):
    # 40, 44 and 48 with the mean 44: sqrt((16 + 0 + 16) / 2) = 4. The answer without a score is none.
    (tmp_path / "survey.csv").write_text("customer,score\na,40\nb,44\nc,\nd,48\n", encoding="utf-8")
    survey = CsvSource("survey", tmp_path / "survey.csv")
    mean = ask_table(survey, column="score", aggregation=Aggregation.MEAN)
    assert (mean.value, mean.sample_count, mean.deviation) == (44.0, 3.0, 4.0)
    median = ask_table(survey, column="score", aggregation=Aggregation.MEDIAN)
    assert (median.value, median.sample_count, median.deviation) == (44.0, 3.0, None)
    assert ask_table(survey, aggregation=Aggregation.COUNT).sample_count == 4.0


def test_rows_that_are_not_there_are_no_data_and_not_zero(table: CsvSource):
    reading = ask_table(table, column="spend", aggregation=Aggregation.MEAN, where={"service": "none"})
    assert (reading.value, reading.failure, reading.note) == (None, None, "the answer is empty")


def test_a_sum_of_no_rows_is_no_data_and_a_count_of_none_is_zero(table: CsvSource):
    assert ask_table(table, column="spend", where={"service": "none"}).value is None
    assert ask_table(table, aggregation=Aggregation.COUNT, where={"service": "none"}).value == 0.0


@pytest.mark.parametrize(("aggregation", "value"), [(Aggregation.MAX, 5.0), (Aggregation.MEAN, 4.0)])
def test_a_cell_that_says_nan_says_nothing(tmp_path: Path, aggregation: Aggregation, value: float):
    # As data frames write what is missing. The largest of NaN, 3 and 5 is 5, in any order; their mean is 4.
    (tmp_path / "export.csv").write_text("day,spend\n1,NaN\n2,3\n3,5\n", encoding="utf-8")
    assert (
        ask_table(CsvSource("export", tmp_path / "export.csv"), column="spend", aggregation=aggregation).value == value
    )


def test_a_cell_that_says_infinity_is_refused(tmp_path: Path):
    (tmp_path / "export.csv").write_text("day,spend\n1,inf\n2,3\n", encoding="utf-8")
    failure = ask_table(
        CsvSource("export", tmp_path / "export.csv"), column="spend", aggregation=Aggregation.MIN
    ).failure
    assert failure is not None
    assert failure.message == "spend holds 'inf', which is no number"


@pytest.mark.parametrize(
    ("how", "reason", "told"),
    [
        ({"column": "cost"}, SourceFailureReason.BAD_QUERY, "there is no column 'cost'; there are day, service"),
        ({"column": "service"}, SourceFailureReason.BAD_ANSWER, "service holds 'api', which is no number"),
        ({"column": "spend", "time_column": "tag"}, SourceFailureReason.BAD_ANSWER, "row 2: tag is 'web', not a date"),
    ],
)
def test_a_table_that_cannot_answer_says_why(
    table: CsvSource, how: dict[str, Any], reason: SourceFailureReason, told: str
):
    failure = ask_table(table, **how).failure
    assert failure is not None
    assert failure.reason is reason
    assert failure.message.startswith(told)


def test_a_file_that_is_not_there_is_unreachable(tmp_path: Path):
    source = csv_from_declaration(DataSource("billing", "CSV", {"path": str(tmp_path / "none.csv")}))
    failure = ask_table(source, column="spend").failure
    assert failure is not None
    assert failure.reason is SourceFailureReason.UNREACHABLE


def test_a_query_gives_a_value_with_its_sample_count(database: SqlSource):
    query = "SELECT sum(spend), count(*) FROM billing WHERE day >= :start AND day < :end"
    reading = ask_database(database, query)
    assert (reading.value, reading.sample_count, reading.failure) == (550.0, 3.0, None)
    assert reading.deviation is None


@pytest.mark.parametrize(("third", "deviation"), [("125.0", 125.0), ("NULL", None), ("-1", None), ("'wide'", None)])
def test_r114_a_third_column_is_the_deviation_of_the_samples_of_a_mean(
    database: SqlSource, third: str, deviation: float | None
):
    query = "SELECT avg(spend), count(*), THIRD, 'more' FROM billing".replace("THIRD", third)
    reading = ask_database(database, query)
    assert (reading.value, reading.sample_count, reading.deviation) == (329.8, 5.0, deviation)


def test_a_query_gives_a_number_for_each_member(database: SqlSource):
    query = "SELECT service, sum(spend) FROM billing WHERE day < :end AND day >= :start GROUP BY 1 ORDER BY 1"
    assert ask_database(database, query, has_members=True).members == (("api", 500.0), ("search", 50.0))


@pytest.mark.parametrize("query", ["SELECT NULL", "SELECT spend FROM billing WHERE 1 = 0"])
def test_an_empty_answer_is_no_data(database: SqlSource, query: str):
    reading = ask_database(database, query)
    assert (reading.value, reading.failure, reading.note) == (None, None, "the answer is empty")


@pytest.mark.parametrize(
    ("query", "reason", "told"),
    [
        ("DELETE FROM billing", SourceFailureReason.BAD_QUERY, "only queries that read are asked"),
        ("SELECT spend FROM billing", SourceFailureReason.TOO_MANY_SERIES, "gives several rows"),
        ("SELECT 'many'", SourceFailureReason.BAD_ANSWER, "gives 'many', which is no number"),
        ("SELECT cost FROM billing", SourceFailureReason.BAD_QUERY, "no such column"),
        ("WITH old AS (SELECT 1) DELETE FROM billing", SourceFailureReason.BAD_QUERY, "attempt to write"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(
    database: SqlSource, query: str, reason: SourceFailureReason, told: str
):
    failure = ask_database(database, query).failure
    assert failure is not None
    assert failure.reason is reason
    assert failure.message.startswith(told)


def test_a_database_that_is_not_there_is_unreachable(tmp_path: Path):
    source = sql_from_declaration(DataSource("billing", "SQL", {"url": f"sqlite:///{tmp_path}/no/such.db"}))
    failure = ask_database(source, "SELECT 1").failure
    assert failure is not None
    assert failure.reason is SourceFailureReason.UNREACHABLE


def test_nothing_is_ever_written(database: SqlSource):
    ask_database(database, "WITH old AS (SELECT 1) DELETE FROM billing")
    assert ask_database(database, "SELECT count(*) FROM billing").value == 5


def test_a_measure_of_another_kind_is_refused(database: SqlSource, table: CsvSource):
    request = ValueRequest("$.a", AT, None, HttpMeasure("$.a", "billing"))
    for source in (database, table):
        failure = source.values([request])[0].failure
        assert failure is not None
        assert failure.reason is SourceFailureReason.BAD_QUERY


@pytest.mark.parametrize(
    ("build", "details", "told"),
    [
        (sql_from_declaration, {}, "url is missing"),
        (sql_from_declaration, {"url": "no url"}, "no SQLAlchemy URL"),
        (sql_from_declaration, {"url": "oracle+nothing://h/d"}, "no driver for 'oracle"),
        (sql_from_declaration, {"url": "$UNSET_URL"}, "UNSET_URL, which is unset"),
        (
            sql_from_declaration,
            {"url": "sqlite://", "password_file": "/no/such"},
            "passwordFile /no/such cannot be read",
        ),
        (
            sql_from_declaration,
            {"url": "sqlite://", "password_file": "/p", "password": "p"},
            "or passwordFile, not both",
        ),
        (csv_from_declaration, {"file": "a.csv"}, "unknown key 'file'"),
        (csv_from_declaration, {}, "path is missing"),
    ],
)
def test_a_declaration_that_cannot_work_names_source_and_key(
    build: Callable[..., object], details: dict[str, str], told: str
):
    with pytest.raises(ConfigurationError, match="data source 'billing'") as caught:
        build(DataSource("billing", "any", details), environment={})
    assert told in str(caught.value)


def test_times_without_a_zone_are_utc(tmp_path: Path):
    (tmp_path / "t.csv").write_text("at,n\n2026-10-31T23:59:59,1\n2026-11-01T00:30:00+01:00,2\n", encoding="utf-8")
    source = CsvSource("billing", tmp_path / "t.csv")
    # Both lie inside October in UTC: the second is 23:30 of the day before.
    assert ask_table(source, column="n", time_column="at").value == 3
    assert MONTH.end - timedelta(minutes=30) in MONTH
