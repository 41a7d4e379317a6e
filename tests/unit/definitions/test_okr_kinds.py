from datetime import UTC, datetime

import pytest
from tests.unit.definitions.samples import CYCLE, EVERYTHING, OBJECTIVE, changed, codes_of, faults_of, loaded

from okrbridge.domain.key_results import KeyResultState, Visibility
from okrbridge.domain.objectives import (
    Alignment,
    Initiative,
    InitiativeState,
    Retrospective,
    RetrospectiveAction,
    RollUpMode,
    Team,
    TeamLevel,
)
from okrbridge.domain.pacing import StatusPolicy

HEAD = "---\napiVersion: okrbridge.dev/v1\n"
TEAM = HEAD + "kind: Team\nmetadata: {name: backend}\nspec: {level: division, champion: jo, okrLead: ada}\n"
INITIATIVE = (
    HEAD + "kind: Initiative\nmetadata: {name: retries}\n"
    "spec: {title: Retry with jitter, keyResults: [rock-solid-api/uptime], url: 'https://issues.example/7'}\n"
)
RETROSPECTIVE = (
    HEAD + "kind: Retrospective\nmetadata: {name: q4-backend}\n"
    "spec: {cycle: 2026-q4, team: backend, learnings: [Probes lie],"
    " actions: [{title: Define activation, due: 2027-01-15}]}\n"
)
POLICY = (
    HEAD + "kind: StatusPolicy\nmetadata: {name: calm}\nspec: {onTrackGap: 10%, equalEvaluations: 3, revision: 2}\n"
)


def test_r1_an_objective_without_cycle_or_owner_is_refused_by_the_missing_field():
    without_both = changed(changed(EVERYTHING, "  cycle: 2026-q4\n", ""), "  owner: maria\n", "")

    assert [fault.partition(": ")[2] for fault in faults_of(without_both)] == [
        "spec.cycle: is missing",
        "spec.owner: is missing",
    ]


def test_everything_that_an_objective_says_is_kept():
    said = """
  coOwners: [jo, ada]
  alignment: supports
  state: draft
  rollup: manual
  manualProgress: 40%
  customerFacing: true
  serves: fewer failed orders
  visibility: restricted
  layer: L2
"""
    (found,) = loaded(changed(EVERYTHING, "  owner: maria\n", f"  owner: maria{said}")).definitions.objectives

    assert (found.co_owners, found.alignment, found.state) == (
        ("jo", "ada"),
        Alignment.SUPPORTS,
        KeyResultState.DRAFT,
    )
    assert (found.rollup, found.manual_progress, found.customer_facing) == (RollUpMode.MANUAL, 0.4, True)
    assert (found.serves, found.visibility, found.layer) == ("fewer failed orders", Visibility.RESTRICTED, "L2")
    assert found.key_results[0].visibility is Visibility.RESTRICTED


def test_a_team_gives_its_objectives_their_visibility_unless_they_say_their_own():
    team = changed(TEAM, "champion: jo", "visibility: restricted")
    owned = changed(EVERYTHING, "owner: maria", "owner: maria\n  team: backend")
    public = changed(owned, "team: backend", "team: backend\n  visibility: public")

    assert loaded(owned + team).definitions.objectives[0].visibility is Visibility.RESTRICTED
    assert loaded(public + team).definitions.objectives[0].visibility is Visibility.PUBLIC
    assert loaded(owned).definitions.objectives[0].visibility is Visibility.PUBLIC


def test_manual_progress_without_its_mode_is_refused():
    assert codes_of(changed(EVERYTHING, "owner: maria", "owner: maria\n  manualProgress: 0.5")) == ["does_not_belong"]


def test_teams_are_declared_with_their_roles():
    (found,) = loaded(CYCLE + TEAM).definitions.teams

    assert found == Team("backend", level=TeamLevel.DIVISION, champion="jo", okr_lead="ada")


def test_a_parent_of_a_team_must_exist():
    (fault,) = faults_of(CYCLE + changed(TEAM, "champion: jo", "parent: backends"))

    assert fault.endswith("spec.parent: there is no Team named 'backends'; did you mean 'backend'?")


def test_r9_initiatives_name_key_results_and_stop_for_a_reason():
    stopped = changed(
        INITIATIVE,
        "{title: Retry with jitter",
        "{title: R, state: stopped, stoppedReason: no effect, stoppedAt: 2026-11-02",
    )

    (planned,) = loaded(EVERYTHING + INITIATIVE).definitions.initiatives
    (found,) = loaded(EVERYTHING + stopped).definitions.initiatives

    assert planned == Initiative("retries", "Retry with jitter", ("rock-solid-api/uptime",), "https://issues.example/7")
    assert (found.state, found.stopped_reason) == (InitiativeState.STOPPED, "no effect")
    assert found.stopped_at == datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("rock-solid-api/uptime", "rock-solid-api/uptimes", "dangling_reference"),
        ("rock-solid-api/uptime", "uptime", "wrong_name"),
        ("[rock-solid-api/uptime]", "[]", "empty"),
        ("title: Retry with jitter", "state: stopped", "missing_key"),
        ("title: Retry with jitter", "stoppedReason: no effect", "does_not_belong"),
        ("'https://issues.example/7'", "'javascript:alert(1)'", "wrong_value"),
        ("'https://issues.example/7'", "'https://me:secret@issues.example/7'", "secret_in_document"),
    ],
)
def test_a_faulty_initiative_is_refused(old, new, code):
    assert codes_of(EVERYTHING + changed(INITIATIVE, old, new)) == [code]


def test_retrospectives_keep_what_was_learnt_and_what_is_to_be_done():
    (found,) = loaded(CYCLE + RETROSPECTIVE).definitions.retrospectives

    # midnight of 15 January in Berlin is 23:00 UTC of the day before
    action = RetrospectiveAction("Define activation", due=datetime(2027, 1, 14, 23, tzinfo=UTC))
    assert found == Retrospective("q4-backend", "2026-q4", "backend", ("Probes lie",), (action,))


@pytest.mark.parametrize(
    ("old", "new"), [("cycle: 2026-q4", "cycle: 2026-q5"), ("due: 2027-01-15", "carriedTo: 2027-q1")]
)
def test_the_cycles_of_a_retrospective_must_exist(old, new):
    assert codes_of(CYCLE + changed(RETROSPECTIVE, old, new)) == ["dangling_reference"]


def test_a_cycle_may_have_its_own_status_policy():
    text = changed(CYCLE, "timezone: Europe/Berlin", "statusPolicy: calm") + POLICY

    definitions = loaded(text).definitions

    assert definitions.policy_of(definitions.cycles[0]) == StatusPolicy(
        on_track_gap=0.1, equal_evaluations=3, name="calm", revision=2
    )
    assert codes_of(changed(text, "statusPolicy: calm", "statusPolicy: calmer")) == ["dangling_reference"]


@pytest.mark.parametrize("numbers", ["onTrackGap: 30%", "atRiskGap: 4%", "committedGoal: 0", "equalEvaluations: 0"])
def test_a_status_policy_without_sense_is_refused(numbers):
    assert codes_of(CYCLE + changed(POLICY, "onTrackGap: 10%, equalEvaluations: 3", numbers)) == ["wrong_value"]


def test_r65_a_cycle_without_dates_is_the_quarter_it_is_named_after():
    quarter = changed(changed(CYCLE, "  start: 2026-10-01\n", ""), "  end: 2027-01-01\n", "")
    second = changed(changed(quarter, "2026-q4", "api-2027q2"), "Europe/Berlin", "UTC")

    (fourth_of_2026,) = loaded(quarter).definitions.cycles
    (second_of_2027,) = loaded(second).definitions.cycles

    assert fourth_of_2026 == loaded(CYCLE).definitions.cycles[0]
    assert second_of_2027.interval.start == datetime(2027, 4, 1, tzinfo=UTC)
    assert second_of_2027.interval.end == datetime(2027, 7, 1, tzinfo=UTC)
    assert codes_of(changed(quarter, "2026-q4", "autumn")) == ["missing_key"]


def test_a_cycle_says_when_its_retrospective_ends_and_whether_it_is_closed():
    text = changed(CYCLE, "timezone: Europe/Berlin", "retrospectiveUntil: 2027-01-15\n  closed: true")

    (found,) = loaded(text).definitions.cycles

    assert (found.retrospective_until, found.closed) == (datetime(2027, 1, 15, tzinfo=UTC), True)
    assert codes_of(changed(text, "2027-01-15", "2026-12-15")) == ["wrong_date"]


def objective(name: str, line: str = "") -> str:
    return "---\n" + changed(changed(OBJECTIVE, "rock-solid-api", name), "  owner: maria\n", f"  owner: maria\n{line}")


def test_r56_objectives_that_are_parents_of_each_other_are_refused_also_by_key_results():
    text = EVERYTHING.replace("owner: maria", "owner: maria\n  parentKeyResult: b/uptime")

    (fault,) = faults_of(text + objective("b", "  parent: rock-solid-api\n"))

    assert fault == (
        "a.yaml:31:20: spec.parentKeyResult: objectives are parents of each other: "
        "rock-solid-api -> b -> rock-solid-api"
    )


def test_r56_an_objective_is_aligned_with_one_parent():
    child = objective("child", "  parentKeyResult: rock-solid-api/uptime\n")
    both = objective("child", "  parentKeyResult: rock-solid-api/uptime\n  parent: rock-solid-api\n")

    found = loaded(EVERYTHING + child).definitions.objective_by_name["child"]

    assert (found.parent, found.parent_key_result) == ("", "rock-solid-api/uptime")
    assert codes_of(EVERYTHING + both) == ["does_not_belong"]
    assert codes_of(EVERYTHING + child.replace("-api/uptime", "-api/downtime")) == ["dangling_reference"]
    assert codes_of(EVERYTHING + child.replace("rock-solid-api/uptime", "uptime")) == ["wrong_name"]


@pytest.mark.parametrize("kind", ["Cycle", "Team"])
def test_r56_rings_of_cycles_and_of_teams_are_refused(kind):
    spec = "start: 2026-10-01, end: 2027-01-01" if kind == "Cycle" else "level: team"
    text = "".join(
        f"{HEAD}kind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}, parent: {parent}}}\n"
        for name, parent in (("a", "b"), ("b", "c"), ("c", "b"))
    )

    (fault,) = faults_of(text)

    assert fault.endswith(f"spec.parent: {kind.lower()}s are parents of each other: b -> c -> b")
