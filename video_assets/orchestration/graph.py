"""The whole graph, in the order in which it can be made."""

from video_assets.orchestration.assets import (
    analysis,
    delivery,
    editorial,
    library,
    performance,
    publishing,
)
from video_assets.orchestration.steps import Step

_ALL = (
    *library.STEPS,
    *analysis.STEPS,
    *editorial.STEPS,
    *performance.STEPS,
    *delivery.CUTDOWN_STEPS,
    *publishing.STEPS,
)


def in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps so that each comes after what it is made from; ties keep the given order."""
    names = {s.name for s in steps}
    done: list[Step] = []
    while len(done) < len(steps):
        made = {s.name for s in done}
        ready = [s for s in steps if s not in done and set(s.deps) & names <= made]
        if not ready:
            raise ValueError("the graph has a cycle")
        done.append(ready[0])
    return tuple(done)


STEPS = in_order(_ALL)
BY_NAME = {step.name: step for step in STEPS}


def upstream_of(name: str) -> set[str]:
    """The names of all steps that `name` is made from, itself included."""
    found = {name}
    for step in reversed(STEPS):
        if step.name in found:
            found |= set(step.deps) & set(BY_NAME)
    return found
