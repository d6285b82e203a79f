"""Is every letter where no button covers it, and is it in the file at all.

The overlay is drawn alone on black by the same ffmpeg and font, and its pixels are looked at; then
the file's own pixels are compared below the letters' cores.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.measures import pictures_at
from video_assets.finishing import formats
from video_assets.finishing.overlays import Mark, ass_for, marks
from video_assets.finishing.typography import FONTS
from video_assets.foundation import media
from video_assets.foundation.records import Finding, Timeline

LIT = 24
"""Luma above which a pixel of the overlay on black counts as drawn."""
CORE = 225
"""Luma of letters' insides in the overlay alone."""
SHOWN = 150
"""Mean luma that the file must have below white letters' insides."""


def drawn_alone(drawn: Sequence[Mark], timeline: Timeline, size: tuple[int, int]) -> dict[int, Any]:
    """Luma of the text overlay on black, by timeline frame: one frame for everything drawn.

    Full-frame panels are left out. Frames lie in the middle of each mark's time, fades over.
    """
    import numpy as np

    numbers = sorted({(m.start + m.end) // 2 for m in drawn if m.kind != "panel"})
    numbers = [n for n in numbers if n < timeline.frames]
    found: dict[int, Any] = {}
    if not numbers:
        return found
    scratch = Path(tempfile.mkdtemp(prefix="video-assets-"))
    try:
        os.symlink(FONTS, scratch / "fonts")
        text = ass_for(drawn, size, timeline.fps, 0, timeline.frames, panels=False)
        (scratch / "text.ass").write_text(text, encoding="utf-8")
        import ffmpeg

        rate = f"{timeline.fps.numerator}/{timeline.fps.denominator}"
        black: Any = ffmpeg.input(f"color=black:s={size[0]}x{size[1]}:r={rate}", format="lavfi")
        chosen = "+".join(f"eq(n,{n})" for n in numbers)
        graph = (
            black.filter("format", "gray")
            .filter("trim", end_frame=max(numbers) + 1)
            .filter("select", chosen)
            .filter("ass", "text.ass", fontsdir="fonts")
            .output("pipe:1", format="rawvideo", pix_fmt="gray", fps_mode="passthrough")
            .global_args("-v", "error")
        )
        data, _ = media.run(graph, scratch, 600, f"drawing the words of {timeline.cut_id}")
        frames = np.frombuffer(data, np.uint8).reshape(-1, size[1], size[0])
        found = dict(zip(numbers, frames, strict=True))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return found


def drawn_over(case: Case) -> list[Mark]:
    """Everything that should be drawn over the picture of a cutdown."""
    size = (case.film.picture.width, case.film.picture.height)
    return marks(case.timeline, case.texts.burned, case.aspect, size, case.brand)


def text_is_clear_of_buttons(case: Case) -> Outcome:
    """No drawn pixel outside the safe zone, and captions really are in the file."""
    import numpy as np

    measures, timeline, aspect = case.film, case.timeline, case.aspect
    drawn = drawn_over(case)
    size = (measures.picture.width, measures.picture.height)
    alone = drawn_alone(drawn, timeline, size)
    safe = formats.safe_zone(aspect, *size)
    found = []
    for number, picture in sorted(alone.items()):
        lit = picture > LIT
        total = int(lit.sum())
        inside = int(lit[safe.top : safe.bottom, safe.left : safe.right].sum())
        if total > inside:
            found.append(
                Finding(
                    "text_is_clear_of_buttons",
                    f"{total - inside} pixels of text lie outside the safe zone "
                    f"({safe.left}..{safe.right} x {safe.top}..{safe.bottom})",
                    str(total - inside),
                    "0",
                    f"{float(number / timeline.fps):.2f} s",
                )
            )
    captions = sorted({(m.start + m.end) // 2 for m in drawn if m.kind == "caption" and m.text})
    captions = [n for n in captions if n in alone]
    shown = pictures_at(measures.file, captions)
    for number in captions:
        core = alone[number] >= CORE
        if number not in shown or not core.any():
            continue
        light = float(np.mean(shown[number][core]))
        if light < SHOWN:
            found.append(
                Finding(
                    "text_is_clear_of_buttons",
                    "a caption is not in the picture where it belongs",
                    f"{light:.0f}",
                    f">= {SHOWN}",
                    f"{float(number / timeline.fps):.2f} s",
                )
            )
    return Outcome({"frames_looked_at": len(alone)}, tuple(found))
