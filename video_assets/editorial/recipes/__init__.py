"""Story recipes: slots, needs and pace, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to tell a story. Times are seconds by asked duration."""

    name: str
    about: str
    needs: Mapping[str, float]
    slots: tuple[str, ...]
    tail: Mapping[int, Fraction]
    end_card: Mapping[int, Fraction]
    pace: Mapping[int, Fraction]
    broll: tuple[Fraction, Fraction]


def of_length(table: Mapping[int, Fraction], duration: Fraction) -> Fraction:
    """The entry of the longest listed duration that is not longer; the first for shorter cuts."""
    fits = [d for d in table if d <= duration]
    return table[max(fits)] if fits else table[min(table)]


@cache
def recipe(name: str) -> Recipe:
    """The recipe of this name."""
    import yaml

    text = (Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)

    def exact(table: Mapping[int, float]) -> dict[int, Fraction]:
        return {k: Fraction(str(v)) for k, v in table.items()}

    low, high = found["broll"]
    return Recipe(
        found["name"],
        found["about"],
        found["needs"],
        tuple(found["slots"]),
        exact(found["tail"]),
        exact(found["end_card"]),
        exact(found["pace"]),
        (Fraction(str(low)), Fraction(str(high))),
    )
