"""From models to the domain: objectives with their key results."""

from __future__ import annotations

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.key_results import Surroundings, key_result_of
from okrbridge.definitions.okr import ObjectiveDocument, ObjectiveSpec
from okrbridge.definitions.suggestions import close_match
from okrbridge.domain.key_results import Commitment, KeyResultState, Visibility
from okrbridge.domain.objectives import Alignment, OkrObjective, RollUpMode


def objective_of(spot: Spot, model: ObjectiveDocument, around: Surroundings) -> OkrObjective:
    """An objective with those of its key results that have no fault.

    Args:
        spot: the document's root.
        model: the document.
        around: what it refers to.
    """
    spec, name = model.spec, model.metadata.name
    _refuse_equal_names(spot, spec.key_results)
    _check_parent_and_progress(spot.at("spec"), spec)
    _doubt_team(spot.at("spec", "team"), spec.team, around)
    visibility = _visibility_of(spec, around)
    places = ((spot.at("spec", "keyResults", index), item) for index, item in enumerate(spec.key_results))
    found = [key_result_of(place, item, model, visibility, around) for place, item in places if item.is_readable]
    return OkrObjective(
        name=name,
        title=spec.title or model.metadata.display_name or name,
        cycle=spec.cycle,
        team=spec.team or "",
        owner=spec.owner,
        key_results=tuple(key_result for key_result in found if key_result is not None),
        why=spec.why,
        parent=spec.parent or "",
        parent_key_result=spec.parent_key_result or "",
        alignment=Alignment(spec.alignment),
        weight=spec.weight,
        commitment=Commitment(spec.type),
        state=KeyResultState(spec.state),
        rollup=RollUpMode(spec.rollup),
        manual_progress=spec.manual_progress,
        customer_facing=spec.customer_facing,
        visibility=visibility,
        serves=spec.serves,
        co_owners=tuple(spec.co_owners),
        layer=spec.layer or "",
    )


def _doubt_team(spot: Spot, team: str | None, around: Surroundings) -> None:
    """A team needs no document, but a name that is nearly one of a document is most likely that one."""
    if team is not None and team not in around.teams and (close := close_match(team, around.teams)):
        spot.warn(f"there is no Team named {team!r}; did you mean {close!r}?", "doubtful")


def _visibility_of(spec: ObjectiveSpec, around: Surroundings) -> Visibility:
    if spec.visibility is not None:
        return Visibility(spec.visibility)
    team = around.teams.get(spec.team or "")
    return Visibility.PUBLIC if team is None else team.visibility


def _check_parent_and_progress(spot: Spot, spec: ObjectiveSpec) -> None:
    if spec.parent is not None and spec.parent_key_result is not None:
        message = "stands for parent; write one of them"
        spot.at("parentKeyResult").fault(message, "does_not_belong", of_key=True)
    if spec.manual_progress is not None and spec.rollup != "manual":
        message = f"goes with rollup: manual, not with {spec.rollup}; remove it"
        spot.at("manualProgress").fault(message, "does_not_belong", of_key=True)


def _refuse_equal_names(spot: Spot, items: list[KeyResultSpec]) -> None:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        if not item.is_readable:
            continue
        if item.name in seen:
            message = f"another key result of this objective is named {item.name!r}, spec.keyResults[{seen[item.name]}]"
            spot.at("spec", "keyResults", index, "name").fault(message, "duplicate_name")
        seen.setdefault(item.name, index)
