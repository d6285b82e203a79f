"""The verdict on one cutdown: every measure with what it found, for this very file."""

from typing import Any

from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.table import GATES, MEASURES, run
from video_assets.foundation.records import to_plain

VERDICT_VERSION = 7

__all__ = ["GATES", "VERDICT_VERSION", "inspect"]


def inspect(case: Case) -> dict[str, Any]:
    """Measures the file and judges it.

    JSON types: version, aspect, sha256, passed, gates (name: findings), findings (no gate),
    figures (measure: name: figure), notes (measure: why there was nothing to measure), measures.
    Raises ProjectError where the footage went away meanwhile: it is no fault of the cutdown.
    """
    found = {m.name: run(m, case) for m in MEASURES}
    if case.sources.gone is not None:
        raise case.sources.gone
    film = case.film
    return {
        "version": VERDICT_VERSION,
        "aspect": case.aspect,
        "sha256": film.sha256,
        "passed": not any(found[name].findings for name in GATES),
        "gates": {name: to_plain(found[name].findings) for name in GATES},
        "findings": [to_plain(f) for m in MEASURES if not m.holds for f in found[m.name].findings],
        "figures": {
            name: {k: round(float(v), 4) for k, v in sorted(one.figures.items())}
            for name, one in found.items()
        },
        "notes": {name: one.note for name, one in found.items() if one.note},
        "measures": {
            "width": film.picture.width,
            "height": film.picture.height,
            "frames": film.frames,
            "fps": to_plain(film.picture.fps),
            "seconds": round(float(film.seconds), 3),
            "loudness_lufs": film.loudness,
            "peak_dbtp": film.peak,
            "upscale": round(case.upscale, 3),
            "silent": case.silent,
        },
    }
