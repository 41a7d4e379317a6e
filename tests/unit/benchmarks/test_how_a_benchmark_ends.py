import pytest
from benchmarks.reporting import exit_code

from okrbridge.errors import StorageError


def test_a_benchmark_that_ran_ends_with_its_own_code():
    assert exit_code(lambda: 1) == 1


@pytest.mark.parametrize("end", [pytest.skip, pytest.fail])
def test_a_missing_program_is_told_without_a_traceback(end, capsys: pytest.CaptureFixture[str]):
    assert exit_code(lambda: end("wrk is not installed")) == 2
    assert capsys.readouterr().err == "the benchmark cannot run: wrk is not installed\n"


def test_a_defect_is_not_hidden():
    def broken() -> int:
        raise StorageError("the disk is full")

    with pytest.raises(StorageError):
        exit_code(broken)
