"""Metrics as a picture for the UI."""

import io
from typing import TYPE_CHECKING, Any

from video_assets.performance.metrics import is_rate, main_metrics, per_publication

if TYPE_CHECKING:
    import pandas as pd

SIZE = (9.0, 4.2)
"""Inches; at `DPI` the picture is 900 x 420 pixels."""
DPI = 100
COLOURS_KEPT = 128

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
"""Okabe and Ito's colours: told apart by colour-blind people, too."""
MARKS = ("o", "s", "^", "D", "v", "P")
GREY = "#8a8a8a"
INK = "#222222"

CUTS = len(COLOURS)
"""Lines of one plot; the cuts beyond that share a grey one."""
ASPECTS = 8
LABEL = 22
"""Characters of a name in the plot."""


def metrics_plot(metrics: "pd.DataFrame") -> bytes:
    """A PNG of 900 x 420 pixels: the main metric over time by cut, and by aspect.

    Empty bytes where there are no metrics. The same table gives the same picture.
    """
    if metrics.empty:
        return b""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    metric = main_metrics(metrics["metric"].unique(), 1)[0]
    rows = metrics[metrics["metric"] == metric]
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
    how = "mean" if is_rate(metric) else "sum"
    name = metric.replace("_", " ")
    projects = ", ".join(sorted(rows["project"].unique())[:2])
    figure.suptitle(f"{name} · {projects}", fontsize=12, fontweight="bold", color=INK)
    _over_time(left, rows, how, name)
    _by_aspect(right, rows, name)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(GREY)
        axes.tick_params(colors=INK, labelsize=9)
    canvas: Any = FigureCanvasAgg(figure)  # its methods bear no types
    canvas.draw()
    width, height = canvas.get_width_height()
    pixels = Image.frombuffer("RGBA", (width, height), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    out = io.BytesIO()
    # a palette: a third of the bytes, and the event log keeps every one of these pictures
    pixels.convert("RGB").quantize(COLOURS_KEPT, dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


def _short(name: str) -> str:
    plain = name.encode("ascii", "replace").decode().replace("$", r"\$")
    return plain if len(plain) <= LABEL else plain[: LABEL - 1] + "…"


def _thousands(value: float, _: Any) -> str:
    if abs(value) >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"


def _over_time(axes: Any, rows: "pd.DataFrame", how: str, name: str) -> None:
    from matplotlib import dates

    kinds: Any = dates  # its classes bear no types

    ranked = rows.groupby("cut_id")["value"].agg(how).sort_index().sort_values(kind="stable")
    first = list(ranked.index[::-1][:CUTS])
    table = rows.groupby(["cut_id", "window_start"])["value"].agg(how)
    for number, cut in enumerate(first):
        line = table.loc[cut]
        axes.plot(
            line.index.to_numpy(),
            line.to_numpy(),
            color=COLOURS[number],
            marker=MARKS[number] if len(line) <= 62 else "",
            markersize=5,
            linewidth=1.8,
            label=_short(cut),
        )
    if len(ranked) > CUTS:
        line = table.drop(index=first, level=0).groupby("window_start").mean()
        axes.plot(
            line.index.to_numpy(),
            line.to_numpy(),
            color=GREY,
            linewidth=1.2,
            label=f"mean of {len(ranked) - CUTS} others",
        )
    total = "mean" if how == "mean" else "total"
    axes.set_title(f"by window and cut ({total} of all aspects)", fontsize=10, color=INK)
    axes.set_ylabel(name, fontsize=10, color=INK)
    axes.set_xlabel("start of the window, UTC", fontsize=9, color=INK)
    low = float(table.min())
    if low >= 0:
        room = 1.22 if len(ranked) <= 4 else 1.36  # for one or two lines of legend
        axes.set_ylim(0, max(float(table.max()), 1e-9) * room)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(_thousands)
    if rows["window_start"].nunique() == 1:
        only = rows["window_start"].iloc[0]
        axes.set_xticks([only.to_numpy()], [f"{only:%Y-%m-%d}"])
    else:
        where = kinds.AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(where)
        axes.xaxis.set_major_formatter(kinds.ConciseDateFormatter(where))
    axes.legend(loc="upper center", ncols=4, fontsize=9, frameon=False, handlelength=1.6)


def _by_aspect(axes: Any, rows: "pd.DataFrame", name: str) -> None:
    means = per_publication(rows).groupby("aspect")["value"].agg(["mean", "count"])
    means = means.sort_index().sort_values("mean", kind="stable")[-ASPECTS:]
    places = range(len(means))
    axes.barh(places, means["mean"].to_numpy(), color=COLOURS[0], height=0.62)
    labels = [f"{_short(str(one)).replace('x', ':')}" for one in means.index]
    axes.set_yticks(list(places), labels)
    axes.set_title("mean per publication, by aspect", fontsize=10, color=INK)
    axes.set_xlabel(name, fontsize=10, color=INK)
    widest = max(float(means["mean"].max()), 1e-9)
    axes.set_xlim(min(0.0, float(means["mean"].min())), widest * 1.32)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(_thousands)
    axes.xaxis.get_major_locator().set_params(nbins=4)
    for place, (mean, count) in zip(places, means.itertuples(index=False), strict=True):
        if abs(mean) >= 1e6:
            figure = f"{mean / 1e6:.1f} M"
        else:
            figure = f"{mean:,.0f}" if abs(mean) >= 100 else f"{mean:.3g}"
        axes.annotate(
            f"{figure} (n={count})",
            (max(mean, 0.0), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=INK,
        )
