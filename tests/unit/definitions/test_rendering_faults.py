from okrbridge.definitions.rendering import render, source_line
from okrbridge.errors import Fault


def fault(line: int, column: int, file: str = "a.yaml") -> Fault:
    return Fault(file, line, column, "spec.target", "is wrong")


def test_a_fault_is_shown_with_its_line_and_a_caret():
    text = "spec:\n  target: 1\n"

    assert render(fault(2, 11), source_line(fault(2, 11), text)) == (
        "a.yaml:2:11: spec.target: is wrong\n"
        "    target: 1\n"
        "            ^"
    )  # fmt: skip


def test_tabs_stay_under_tabs():
    assert render(fault(1, 3), "\t\tx").splitlines()[1:] == ["  \t\tx", "  \t\t^"]


def test_a_long_line_is_cut_around_its_place():
    shown = render(fault(1, 1001), "a" * 1000 + "b" + "c" * 1000).splitlines()

    assert len(shown[1]) == 162
    assert shown[1][shown[2].index("^")] == "b"


def test_without_a_line_only_the_fault_is_shown():
    assert render(fault(9, 1), source_line(fault(9, 1), "one line")) == "a.yaml:9:1: spec.target: is wrong"
    assert render(fault(1, 1), source_line(fault(1, 1), "")) == "a.yaml:1:1: spec.target: is wrong"


def test_the_line_is_read_from_the_file_when_no_text_is_given(tmp_path):
    (tmp_path / "a.yaml").write_text("first\nsecond\n")

    assert source_line(fault(2, 1, str(tmp_path / "a.yaml"))) == "second"
    assert source_line(fault(2, 1, str(tmp_path / "gone.yaml"))) is None
    assert source_line(fault(1, 1, str(tmp_path))) is None


def test_a_column_beyond_the_line_points_at_its_end():
    assert render(fault(1, 99), "abc").splitlines()[2] == "     ^"
