"""A score on disk: `score.json`, `measures.parquet` and a page for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from video_assets.delivery.yardstick.page import page
from video_assets.delivery.yardstick.score import Row, Score, summaries
from video_assets.foundation.files import disk_errors, write_atomic
from video_assets.foundation.records import write_records
from video_assets.foundation.store import as_json

SCORE_VERSION = 2
JSON, PARQUET, PAGE = "score.json", "measures.parquet", "index.html"


def plain(scores: Sequence[Score], facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Scores as JSON types: headline, cutdowns, every measure's summary; no pictures, no rows."""
    return {
        "version": SCORE_VERSION,
        **({"facts": dict(facts)} if facts else {}),
        "scores": [
            {
                "who": s.who,
                "setting": s.setting,
                "headline": round(s.headline, 4),
                "requested": s.requested,
                "publishable": s.publishable,
                "all_gates_but_exports": round(s.but_exports, 4),
                "campaign_gates": s.campaign,
                "passes_today": round(s.passes_today, 4),
                "with_truth": s.with_truth,
                "cost": dict(s.cost),
                "cutdowns": [
                    {k: v for k, v in asdict(c).items() if k != "stills"} for c in s.cutdowns
                ],
                "measures": [asdict(m) | {"share": m.share} for m in summaries(s.rows)],
            }
            for s in scores
        ],
    }


def write_scores(
    scores: Sequence[Score], folder: Path, title: str, facts: Mapping[str, Any] | None = None
) -> list[Path]:
    """Writes the three files; returns their paths. Rows (one a cutdown and measure) are Parquet.

    `facts`: what people should know of the whole, such as machine and commit.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / name for name in (JSON, PARQUET, PAGE)]
        write_atomic(files[0], as_json(plain(scores, facts)))
        draft = folder / f".{PARQUET}.part"
        write_records(draft, Row, [row for s in scores for row in s.rows])
        draft.replace(files[1])
        write_atomic(files[2], page(scores, title, facts))
    return files
