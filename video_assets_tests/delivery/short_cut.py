"""A cutdown of two seconds that tests of scores are about."""

from fractions import Fraction

from video_assets.delivery.inspections.case import Outcome
from video_assets.delivery.inspections.table import MEASURES
from video_assets.delivery.yardstick.score import Entry
from video_assets.foundation.records import (
    Finding,
)
from video_assets_tests.delivery.cases import Made, made
from video_assets_tests.finishing import making

BOTH = ("9x16", "16x9")


BLIND = tuple(m for m in MEASURES if m.name in ("has_the_right_length", "plays_cleanly"))


def entries(short, **spoiled):
    """Both aspects of the clean cutdown; an aspect's file may be another one."""
    return [
        Entry("r1-01", aspect, short.case(aspect, spoiled.get(f"file_{aspect}"))) for aspect in BOTH
    ]


def never_holds(case):
    """A gate that is to come."""
    what = "not exported yet"
    return Outcome({"files": 0}, (Finding("never_holds", what, "0", "2", "0.5 s"),))


def short_cut(folder) -> Made:
    """A clean cutdown of two seconds in two ratios."""
    (folder / "footage").mkdir()
    clip = folder / "footage" / "a.mp4"
    making.ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=3", "-f", "lavfi", "-i",
        "sine=440:d=3:r=48000,volume=0.2", "-c:v", "libx264", "-preset", "ultrafast",
        "-c:a", "aac", "-shortest", str(clip),
    )  # fmt: skip
    row = making.row_of(clip)
    cuts = [making.picture(row, 0, 30, 0), making.picture(row, 30, 20, Fraction(8, 5))]
    line = making.timeline(25, cuts, sound=(making.spoken(row, 0, 2, Fraction(1, 5), "A3"),))
    return made(folder, line, [row], BOTH)
