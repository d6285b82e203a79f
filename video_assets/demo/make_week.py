"""Makes `week_one.csv`: a week of numbers that nobody measured, for the demo's 18 cutdowns.

Drawn with a fixed seed so that traits differ as the demo needs it: the cut of 15 s (r1-02)
does best, the one that begins with a question (r1-01) worst, portrait does better than landscape,
and every post fades over its days. The footage holds one question but several statements, so the
next round has something else to begin with. The file has two blemishes on purpose, which show up as
dead letters: a row with a number that is none, and a post that was never published.

    python -m video_assets.demo.make_week --out video_assets/demo/week_one.csv
"""

import argparse
import csv
import io
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 7
FIRST = datetime(2026, 11, 9, tzinfo=UTC)
"""A Monday."""
DAYS = 7

CUTS = {"r1-01": 0.6, "r1-02": 1.8, "r1-03": 1.1}
"""How well each cut does: of 6, 15 and 30 s, as the demo's brief asks for them."""
ASPECTS = {"9x16": 1.7, "4x5": 1.2, "3x4": 1.0, "2x3": 0.9, "1x1": 0.95, "16x9": 0.6}

COLUMNS = (
    "platform",
    "cut_id",
    "aspect",
    "window_start",
    "source_time",
    "views",
    "likes",
    "shares",
    "watch_rate",
)


def week() -> str:
    """The file's text; the same on every machine."""
    dice = random.Random(SEED)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    reported = (FIRST + timedelta(days=DAYS, hours=6)).isoformat().replace("+00:00", "Z")
    for cut, good in CUTS.items():
        for aspect, shape in ASPECTS.items():
            own = math.exp(dice.gauss(0, 0.12))
            for day in range(DAYS):
                views = round(420 * good * shape * own * 0.86**day * math.exp(dice.gauss(0, 0.08)))
                likes = round(views * 0.055 * good**0.5 * math.exp(dice.gauss(0, 0.1)))
                shares = round(views * 0.011 * good * math.exp(dice.gauss(0, 0.2)))
                watched = min(0.95, 0.38 * good**0.4 * shape**0.2 * math.exp(dice.gauss(0, 0.04)))
                date = (FIRST + timedelta(days=day)).date().isoformat()
                writer.writerow(
                    ("folder", cut, aspect, date, reported, views, likes, shares, f"{watched:.3f}")
                )
    last = (FIRST + timedelta(days=DAYS - 1)).date().isoformat()
    writer.writerow(("folder", "r1-01", "9x16", last, reported, "n/a", "", "", ""))
    writer.writerow(("folder", "r0-09", "9x16", last, reported, 58, 2, 0, "0.310"))
    return out.getvalue()


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.parse_args().out.write_text(week(), encoding="utf-8")


if __name__ == "__main__":
    main()
