import pytest

from okrbridge.domain.sli import CompositeMode, Member, Sli, SliKind


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


def composite(*members: Member, mode: CompositeMode = CompositeMode.WEIGHTED) -> Sli:
    return Sli("all", "", "", kind=SliKind.COMPOSITE, members=members, mode=mode)


def test_a_composite_stands_for_its_members_each_once():
    one, other = sli(total="one"), sli(total="other")
    assert composite(Member(one, 0.9), Member(other, 0.9), Member(one, 0.99)).leaves == (one, other)
    assert one.leaves == (one,)


def test_composites_that_mean_different_things_never_share_a_key():
    one, other = sli(total="one"), sli(total="other")
    keys = {
        composite(Member(one, 0.9), Member(other, 0.9)).key,
        composite(Member(one, 0.9), Member(other, 0.99)).key,
        composite(Member(one, 0.9), Member(other, 0.9, 2)).key,
        composite(Member(one, 0.9), Member(other, 0.9), mode=CompositeMode.WORST).key,
    }
    assert len(keys) == 4
