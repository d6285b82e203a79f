"""What several tests of performance need: publications, report rows, projects with an outbox."""

import random
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from video_assets.delivery.outbox import Outbox
from video_assets.foundation.records import Publication
from video_assets.foundation.store import Project, Workspace, write_atomic
from video_assets.performance.published import OUTBOX
from video_assets.performance.tables import REPORTED, shaped

ASPECTS = ("9x16", "4x5", "3x4", "2x3", "1x1", "16x9")


def publication(cut: str = "r1-01", aspect: str = "9x16", **more) -> Publication:
    facts = {
        "key": f"{more.get('project', 'a')}/{cut}/{aspect}/{more.get('platform', 'folder')}",
        "project": "a",
        "round": cut.split("-")[0],
        "sha256": "0" * 64,
        "channel": "hand",
        "platform": "folder",
        "state": "live",
        "remote_id": f"{cut}/{aspect}",
        "takes": ("t1", "t2"),
        "idea": "A slower light",
        "created": 1.0,
    }
    return Publication(cut_id=cut, aspect=aspect, **{**facts, **more})


def rows(*found: tuple) -> pd.DataFrame:
    """Report rows: post_id, metric, window day, source day, value; platform folder."""
    return shaped(
        [
            (
                "folder",
                post,
                "",
                "",
                metric,
                pd.Timestamp(f"2026-11-{day:02d}", tz="UTC"),
                pd.Timestamp(f"2026-11-{source:02d}", tz="UTC"),
                float(value),
            )
            for post, metric, day, source, value in found
        ],
        REPORTED,
    )


def project(
    data: Path, slug: str, brand: str = "", published: Iterable[Publication] = (), more: str = ""
) -> Project:
    """A project folder with its settings and its outbox."""
    root = data / "projects" / slug
    (root / "performance/inbox").mkdir(parents=True, exist_ok=True)
    write_atomic(root / "project.yaml", f"brand: {brand or slug}\n{more}")
    made = Workspace(data).project(slug)
    publish(made, published)
    return made


def publish(made: Project, published: Iterable[Publication]) -> None:
    outbox = Outbox(made.path(OUTBOX))
    for one in published:
        assert outbox.add(one)


def drop(made: Project, name: str, text: str) -> None:
    """A file in the inbox."""
    write_atomic(made.path(f"performance/inbox/{name}"), text)


def bytes_of(made: Project, folder: str = "performance") -> dict[str, bytes]:
    """Every table of a project's folder."""
    return {p.name: p.read_bytes() for p in sorted(made.path(folder).glob("*.parquet"))}


def campaign(slug: str, cuts: int = 8, seed: int = 1, good: str = "question") -> tuple:
    """Publications of `cuts` cuts in six aspects, and their week as CSV: a hook style does better."""
    dice = random.Random(seed)
    published, lines = [], ["platform,post_id,window_start,source_time,views,watch_rate"]
    for number in range(1, cuts + 1):
        hook = good if number % 2 else "statement"
        for aspect in ASPECTS:
            one = publication(
                f"r1-{number:02d}",
                aspect,
                project=slug,
                remote_id=f"{slug}-{number}-{aspect}",
                traits={"hook": hook, "length": "15" if number % 4 < 2 else "30", "aspect": aspect},
            )
            published.append(one)
            for day in range(1, 8):
                views = round((300 if hook == good else 100) * dice.uniform(0.9, 1.1))
                lines.append(
                    f"folder,{one.remote_id},2026-11-{day:02d},2026-11-08T06:00:00Z,{views},0.5"
                )
    return published, "\n".join(lines) + "\n"
