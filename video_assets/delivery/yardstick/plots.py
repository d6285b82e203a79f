"""Scores as pictures: PNG, so that a page that holds them asks nobody for anything."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from video_assets.delivery.yardstick.score import Score, Summary

WIDTH = 9.0
"""Inches; 900 pixels."""
DPI = 100
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
"""Okabe and Ito's colours: told apart by colour-blind people, too."""
INK = "#222222"
GREY = "#8a8a8a"
KEPT = 64
"""Colours of the PNG's palette."""


def shares_plot(summaries: Mapping[str, Sequence[Summary]]) -> bytes:
    """A PNG of 900 pixels: of each measure the share of cutdowns that holds, by contestant."""
    names = list(dict.fromkeys(s.measure for own in summaries.values() for s in own))
    if not names:
        return b""
    each = max(1, len(summaries))
    figure, axes = _figure(0.9 + len(names) * (0.16 + 0.12 * each))
    height = 0.8 / each
    for place, (who, own) in enumerate(summaries.items()):
        shares = {s.measure: s.share for s in own}
        at = [n + 0.4 - (place + 0.5) * height for n in range(len(names))]
        values = [shares.get(name) for name in reversed(names)]
        colour = COLOURS[place % len(COLOURS)]
        axes.barh(at, [v or 0.0 for v in values], height=height * 0.9, color=colour, label=who)
        for y, value in zip(at, values, strict=True):
            if value is None or value == 0:
                told = "nothing to measure" if value is None else "0 %"
                axes.annotate(told, (0.005, y), va="center", fontsize=6.5, color=GREY)
    axes.set_yticks(range(len(names)), [n.replace("_", " ") for n in reversed(names)])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_title("cutdowns that hold, of those with something to measure", fontsize=10, color=INK)
    _share_axis(axes, len(summaries))
    return _png(figure)


def headlines_plot(scores: Sequence[Score]) -> bytes:
    """A PNG of 900 pixels: the headline by contestant, a dot a library and a bar for the mean."""
    who = list(dict.fromkeys(s.who for s in scores))
    if not who:
        return b""
    figure, axes = _figure(0.9 + 0.42 * len(who))
    for place, name in enumerate(reversed(who)):
        own = [s.headline for s in scores if s.who == name]
        colour = COLOURS[who.index(name) % len(COLOURS)]
        axes.barh(place, sum(own) / len(own), height=0.55, color=colour, alpha=0.55)
        axes.plot(own, [place] * len(own), "o", color=INK, markersize=4, clip_on=False)
    axes.set_yticks(range(len(who)), list(reversed(who)))
    axes.set_title("publishable of the requested cutdowns", fontsize=10, color=INK)
    _share_axis(axes, 1)
    return _png(figure)


def _figure(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor="white")
    return figure, figure.subplots()


def _share_axis(axes: Any, contestants: int) -> None:
    axes.set_xlim(0, 1.0)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, labelsize=8)
    if contestants > 1:
        axes.legend(loc="lower right", fontsize=8, framealpha=0.9)


def _png(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)  # its methods bear no types
    canvas.draw()
    size = canvas.get_width_height()
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    out = io.BytesIO()
    pixels.convert("RGB").quantize(KEPT, dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()
