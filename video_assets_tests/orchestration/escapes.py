"""Silent faults that are planted in real runs: the file is wrong, and nothing complained.

Each fault is a context in which the product makes cutdowns as ever, but for the one thing that
goes wrong; how exactly, `chance` decides. What counts as defective is decided by bytes: a cutdown
that differs from the one an undisturbed run makes.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest

from video_assets.finishing import overlays, reframe, render, segments, sound
from video_assets.finishing.reframe import visible
from video_assets.foundation.records import Timeline

SHIFT = Fraction(1, 5)
"""Seconds by which captions come late or early."""


@contextmanager
def wrong_clip(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """A clip's picture is read from another file."""
    plain = segments.source_of
    seen = list(dict.fromkeys(one.cut.path for one in visible(line)))
    asked = chance.choice(seen)
    pick = chance.random()

    def swapped(root: Path, path: str) -> Path:
        if path != asked:
            return plain(root, path)
        others = sorted(p for p in root.rglob("*.mp4") if p != root / path)
        return others[int(pick * len(others))]

    patch.setattr(segments, "source_of", swapped)
    yield


@contextmanager
def late_captions(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """Captions are drawn 200 ms late or early."""
    plain = render.burned_captions
    shift = chance.choice([SHIFT, -SHIFT])

    def late(timeline, brief):
        found = plain(timeline, brief)
        return [
            replace(c, start=max(Fraction(0), c.start + shift), end=c.end + shift) for c in found
        ]

    patch.setattr(render, "burned_captions", late)
    yield


@contextmanager
def swapped_word(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """The brand's word (where it is not said, another long one) is drawn as another word."""
    plain = render.burned_captions
    wrong = chance.choice(["Wakefield", "Brookside", "dleifkciw"])

    def swapped(timeline, brief):
        found = plain(timeline, brief)
        words = [w for c in found for w in c.text.split()]
        long = [w for w in words if len(w) >= min(6, max(map(len, words)))]
        word = next((w for w in words if "wickfield" in w.lower()), chance.choice(long))
        return [replace(c, text=c.text.replace(word, wrong)) for c in found]

    patch.setattr(render, "burned_captions", swapped)
    yield


@contextmanager
def stale_segment(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """A segment's folder holds the picture of an earlier cut: the same clip at another time."""
    plain = segments.make
    planted = chance.choice([one.start for one in visible(line)])
    off = Fraction(chance.randint(8, 20), 25)

    def stale(workspace, root, pieces):
        first = pieces[0]
        if first.stretch.start != planted:
            return plain(workspace, root, pieces)
        cut = first.stretch.cut
        back = cut.source_start >= off
        earlier = replace(
            first.stretch, cut=replace(cut, source_start=cut.source_start + (-off if back else off))
        )
        old = [replace(p, stretch=earlier) for p in pieces]
        plain(workspace, root, old)
        for now, then in zip(pieces, old, strict=True):
            shutil.copytree(segments.folder(workspace, then), segments.folder(workspace, now))

    patch.setattr(segments, "make", stale)
    yield


@contextmanager
def lost_channel(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """One channel is silent."""
    plain = sound.mixed_down
    left = chance.randint(0, 1)

    def lost(*arguments):
        samples, below = plain(*arguments)
        return samples * np.array([[left], [1 - left]], np.float32), below

    patch.setattr(sound, "mixed_down", lost)
    yield


@contextmanager
def dropped_card(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """The end card is not drawn."""
    plain = render.marks

    def dropped(*arguments):
        return [m for m in plain(*arguments) if m.kind not in ("end_card", "panel")]

    patch.setattr(render, "marks", dropped)
    yield


@contextmanager
def late_sound(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """The dialogue is read 80 to 160 ms late in its clip: lips and voice part."""
    plain = sound._piece
    by = Fraction(chance.randint(2, 4), 25)

    def late(root, row, cut, length):
        if cut.track == "A1":
            cut = replace(cut, source_start=cut.source_start + by)
        return plain(root, row, cut, length)

    patch.setattr(sound, "_piece", late)
    yield


@contextmanager
def late_drawing(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """What draws captions, for the render and for the gates alike, places them 200 ms late."""
    plain = overlays._caption

    def late(chunk, timeline, *more):
        later = replace(chunk, start=chunk.start + SHIFT, end=chunk.end + SHIFT)
        return plain(later, timeline, *more)

    patch.setattr(overlays, "_caption", late)
    yield


@contextmanager
def wrong_crop(patch: pytest.MonkeyPatch, line: Timeline, chance: Random) -> Iterator[None]:
    """What crops, for the render and for the gates alike, looks at the wrong side."""
    plain = reframe.crop_for

    def aside(cut, row, aspect):
        crop = plain(cut, row, aspect)
        away = 0 if crop.x > (row.width - crop.width) / 2 else row.width - crop.width
        down = 0 if crop.y > (row.height - crop.height) / 2 else row.height - crop.height
        return replace(crop, x=away // 2 * 2, y=down // 2 * 2)

    for module in (reframe, render):
        patch.setattr(module, "crop_for", aside)
    yield


Fault = Callable[[pytest.MonkeyPatch, Timeline, Random], object]

FAULTS: dict[str, Fault] = {
    "wrong clip": wrong_clip,
    "late captions": late_captions,
    "swapped word": swapped_word,
    "stale segment": stale_segment,
    "lost channel": lost_channel,
    "dropped card": dropped_card,
    "late sound": late_sound,
    "late drawing": late_drawing,
    "wrong crop": wrong_crop,
}
OF_CAPTIONS = ("late captions", "swapped word", "late drawing")
"""Faults that only aspects with burned-in captions can have."""
