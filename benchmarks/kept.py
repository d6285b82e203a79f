"""Results of a benchmark that was stopped: what one library gave is read back, not made again.

One file beside the library; it counts only for the same commit, options and files.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from video_assets.delivery.yardstick.score import Cutdown, Row, Score
from video_assets.delivery.yardstick.stills import Still
from video_assets.foundation.files import write_atomic
from video_assets.foundation.records import from_plain, to_plain

NAME = "result.json"


def keep(
    place: Path,
    key: Mapping[str, Any],
    scores: Sequence[Score] = (),
    more: Mapping[str, Any] | None = None,
) -> None:
    """Writes what a library gave; `more` holds JSON types."""
    told = {"key": dict(key), "scores": [_plain(s) for s in scores], "more": dict(more or {})}
    write_atomic(place / NAME, json.dumps(told))


def kept(place: Path, key: Mapping[str, Any]) -> tuple[list[Score], dict[str, Any]] | None:
    """What lies there for this key; None where nothing does."""
    try:
        told = json.loads((place / NAME).read_text(encoding="utf-8"))
        if told["key"] != json.loads(json.dumps(dict(key))):
            return None
        return [_score(s) for s in told["scores"]], told["more"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _plain(score: Score) -> dict[str, Any]:
    cutdowns = []
    for one in score.cutdowns:
        stills = [{**to_plain(s), "jpeg": b64encode(s.jpeg).decode()} for s in one.stills]
        plain = {k: v for k, v in to_plain(one).items() if k != "stills"}
        cutdowns.append({**plain, "stills": stills})
    return {
        "who": score.who,
        "setting": score.setting,
        "cutdowns": cutdowns,
        "rows": [to_plain(r) for r in score.rows],
        "with_truth": score.with_truth,
        "cost": dict(score.cost),
    }


def _score(told: dict[str, Any]) -> Score:
    cutdowns = []
    for one in told["cutdowns"]:
        stills = tuple(Still(**{**s, "jpeg": b64decode(s["jpeg"])}) for s in one["stills"])
        cutdowns.append(Cutdown(**{**one, "stills": stills}))
    rows = [from_plain(Row, r) for r in told["rows"]]
    return Score(told["who"], told["setting"], cutdowns, rows, told["with_truth"], told["cost"])
