"""Silent faults that are planted in real runs: the file is wrong, and nothing complained.

Each fault is a context in which the product makes cutdowns as ever, but for the one thing that
goes wrong. What counts as defective is decided by bytes: a cutdown that differs from the one an
undisturbed run makes.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from video_assets.finishing import render, segments, sound
from video_assets.finishing.reframe import visible

SHIFT = Fraction(1, 5)
"""Seconds that captions are late."""


@contextmanager
def wrong_clip(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """A clip's picture is read from another file."""
    plain = segments.source_of

    def swapped(root: Path, path: str) -> Path:
        return plain(root, names[1] if path == names[0] else path)

    patch.setattr(segments, "source_of", swapped)
    yield


@contextmanager
def late_captions(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """Captions are drawn 200 ms late."""
    plain = render.burned_captions

    def late(timeline, brief):
        return [
            replace(c, start=c.start + SHIFT, end=c.end + SHIFT) for c in plain(timeline, brief)
        ]

    patch.setattr(render, "burned_captions", late)
    yield


@contextmanager
def swapped_word(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """The brand's word is drawn as another one of its length."""
    plain = render.burned_captions

    def swapped(timeline, brief):
        found = plain(timeline, brief)
        longest = max((w for c in found for w in c.text.split()), key=len)
        word = next((w for c in found for w in c.text.split() if "wickfield" in w.lower()), longest)
        return [replace(c, text=c.text.replace(word, word[::-1].lower())) for c in found]

    patch.setattr(render, "burned_captions", swapped)
    yield


@contextmanager
def stale_segment(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """A segment's folder holds the picture of an earlier cut: the same clip, half a second off."""
    plain = segments.make

    def stale(workspace, root, pieces):
        first = pieces[0]
        if first.stretch.start != 0:
            return plain(workspace, root, pieces)
        cut = first.stretch.cut
        off = Fraction(1, 2) if cut.source_start < 1 else -Fraction(1, 2)
        earlier = replace(first.stretch, cut=replace(cut, source_start=cut.source_start + off))
        old = [replace(p, stretch=earlier) for p in pieces]
        plain(workspace, root, old)
        for now, then in zip(pieces, old, strict=True):
            shutil.copytree(segments.folder(workspace, then), segments.folder(workspace, now))

    patch.setattr(segments, "make", stale)
    yield


@contextmanager
def lost_channel(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """The right channel is silent."""
    plain = sound.mixed_down

    def lost(*arguments):
        samples, below = plain(*arguments)
        return samples * np.array([[1.0], [0.0]], np.float32), below

    patch.setattr(sound, "mixed_down", lost)
    yield


@contextmanager
def dropped_card(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """The end card is not drawn."""
    plain = render.marks

    def dropped(*arguments):
        return [m for m in plain(*arguments) if m.kind not in ("end_card", "panel")]

    patch.setattr(render, "marks", dropped)
    yield


@contextmanager
def late_sound(patch: pytest.MonkeyPatch, names: list[str]) -> Iterator[None]:
    """The dialogue is read 80 ms late in its clip: lips and voice part."""
    plain = sound._piece

    def late(root, row, cut, length):
        if cut.track == "A1":
            cut = replace(cut, source_start=cut.source_start + Fraction(2, 25))
        return plain(root, row, cut, length)

    patch.setattr(sound, "_piece", late)
    yield


Fault = Callable[[pytest.MonkeyPatch, list[str]], object]

FAULTS: dict[str, Fault] = {
    "wrong clip": wrong_clip,
    "late captions": late_captions,
    "swapped word": swapped_word,
    "stale segment": stale_segment,
    "lost channel": lost_channel,
    "dropped card": dropped_card,
    "late sound": late_sound,
}


def seen_names(timeline) -> list[str]:
    """The clip that is seen first, and another one."""
    first = visible(timeline)[0].cut.path
    return [first, next(c.path for c in timeline.picture if c.path != first)]
