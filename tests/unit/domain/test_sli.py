import pytest

from okrbridge.domain.sli import Sli


def sli(**changes: str | None) -> Sli:
    parts: dict[str, str | None] = {"good": None, "bad": 'requests_total{code="500"}'} | changes
    return Sli(
        name=str(parts.get("name", "api")),
        source=str(parts.get("source", "prometheus")),
        total=str(parts.get("total", "requests_total")),
        good=parts["good"],
        bad=parts["bad"],
    )


@pytest.mark.parametrize("parts", [{"good": None, "bad": None}, {"good": "g", "bad": "b"}])
def test_an_sli_has_exactly_one_of_good_and_bad(parts):
    with pytest.raises(ValueError, match="exactly one of good and bad"):
        sli(**parts)


def test_equal_questions_share_one_key_whatever_their_names():
    assert sli(name="one").key == sli(name="other").key


@pytest.mark.parametrize(
    "other",
    [
        {"source": "thanos"},
        {"total": "other_total"},
        {"bad": "other_bad"},
        {"good": 'requests_total{code="500"}', "bad": None},
    ],
)
def test_different_questions_never_share_a_key(other):
    assert sli(**other).key != sli().key


def test_good_is_counted_directly_or_as_what_is_not_bad():
    assert sli(good="g", bad=None).good_events(9, 10) == 9
    assert sli().good_events(1, 10) == 9  # 10 in total less 1 bad


def test_the_part_is_the_selector_counted_beside_the_total():
    assert sli().part == 'requests_total{code="500"}'
    assert sli(good="g", bad=None).part == "g"
