"""A score as one HTML file: pictures and plots lie inside it, nothing is asked of the network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from video_assets.delivery.inspections.table import UNDECODED
from video_assets.delivery.yardstick.plots import headlines_plot, shares_plot
from video_assets.delivery.yardstick.score import Cutdown, Score, Summary, summaries
from video_assets.delivery.yardstick.stills import Still
from video_assets.finishing.formats import shown


def page(scores: Sequence[Score], title: str, facts: Mapping[str, Any] | None = None) -> str:
    """The page. Contestants stand beside each other, in the order they are given."""
    who = list(dict.fromkeys(s.who for s in scores))
    by_who = {n: summaries(r for s in scores if s.who == n for r in s.rows) for n in who}
    told = "".join(_headline([s for s in scores if s.who == n], n) for n in who)
    cutdowns = "\n".join(_contestant(s, len(scores) > 1) for s in scores)
    measures = f"<section><h2>Measures</h2>{_LEGEND}{_measures(by_who)}</section>"
    # whoever made one wants to see its cutdowns; whoever compares wants the table first
    sections = [measures, cutdowns] if len(who) > 1 else [cutdowns, measures]
    plots = (headlines_plot(scores) if len(scores) > 1 else b"", shares_plot(by_who))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<div class="heads">{told}</div>
{_facts(facts or {})}
</header>
<main>
{_plot(plots[0], "headline")}
{sections[0]}
{_plot(plots[1], "measures")}
{sections[1]}
</main>
</body>
</html>
"""


def _headline(own: Sequence[Score], who: str) -> str:
    good, asked = sum(s.publishable for s in own), sum(s.requested for s in own)
    mean = sum(s.headline for s in own) / len(own)
    today = sum(s.passes_today for s in own) / len(own)
    but = sum(s.but_exports for s in own) / len(own)
    return (
        f'<div class="head"><b>{mean:.0%}</b><span>{escape(who)}</span>'
        f"<small>{good} of {asked} publishable by every gate, also those to come · "
        f"<strong>{today:.0%} can go out today</strong> · without the exports that are not made at "
        f"all yet: {but:.0%}{_campaign(own)}"
        f"{'' if all(s.with_truth for s in own) else ' · truth not measured'}</small></div>"
    )


def _campaign(own: Sequence[Score]) -> str:
    """Gates of all cuts together, libraries that hold of those that were measured."""
    told = ""
    for name, (holds, measured) in campaign_gates(own).items():
        told += f" · {escape(name.replace('_', ' '))}: {holds} of {measured}"
    return told


def campaign_gates(own: Sequence[Score]) -> dict[str, tuple[int, int]]:
    """Gates of all cuts together: how many of one contestant's libraries hold, of the measured."""
    found: dict[str, tuple[int, int]] = {}
    for score in own:
        for name, holds in score.campaign.items():
            good, count = found.get(name, (0, 0))
            found[name] = good + holds, count + 1
    return found


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(str(k))}</td><td>{escape(str(v))}</td></tr>" for k, v in facts.items()
    )
    return f'<table class="facts">{rows}</table>' if rows else ""


def _plot(png: bytes, name: str) -> str:
    if not png:
        return ""
    return f'<section class="plot"><img alt="{escape(name)}" src="{_inside(png, "png")}"></section>'


def _inside(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode('ascii')}"


def _measures(by_who: Mapping[str, Sequence[Summary]]) -> str:
    names: dict[str, Summary] = {}
    for own in by_who.values():
        for one in own:
            names.setdefault(one.measure, one)
    head = "".join(f"<th>{escape(w)}</th><th>figures</th>" for w in by_who)
    body = ""
    for name, first in names.items():
        cells = ""
        for own in by_who.values():
            cells += _cell(next((s for s in own if s.measure == name), None))
        body += (
            f"<tr><td>{escape(name.replace('_', ' '))}<br><small>{first.counts_as}; "
            f"asked: {escape(first.limit)}</small></td>{cells}</tr>"
        )
    return f'<div class="wide"><table><tr><th>measure</th>{head}</tr>{body}</table></div>'


def _cell(one: Summary | None) -> str:
    if one is None:
        return '<td class="open">not measured</td><td></td>'
    state = "open" if not one.measured else "good" if one.holds == one.measured else "bad"
    told = f"{one.holds} of {one.measured}" if one.measured else "nothing to measure"
    spare = f" <small>({one.cutdowns - one.measured} without)</small>" if one.measured else ""
    if one.cutdowns == one.measured:
        spare = ""
    example = f"<br><small>{escape(one.example[:160])}</small>" if one.example else ""
    return f'<td class="{state}">{told}{spare}{example}</td><td>{_figures(one)}</td>'


def _figures(one: Summary) -> str:
    return "<br>".join(
        f"<small>{escape(k)} {figure_text(v)}</small>" for k, v in one.figures.items()
    )


def figure_text(values: tuple[float, float, float]) -> str:
    """Median, and lowest to highest where they differ."""
    low, middle, high = (f"{v:.4g}" for v in values)
    return middle if low == high else f"{middle} ({low} to {high})"


def _contestant(score: Score, named: bool) -> str:
    title = f"{score.who} {score.setting}".strip() if named else "Cutdowns"
    cost = " · ".join(f"{k} {v:.4g}" for k, v in score.cost.items())
    cards = "\n".join(_card(c, score) for c in score.cutdowns)
    return f"""<section>
<h2>{escape(title)} <small>{score.publishable} of {score.requested} publishable</small></h2>
<p class="dim">{escape(cost)}</p>
<div class="cards">
{cards}
</div>
</section>"""


def _card(one: Cutdown, score: Score) -> str:
    failed = [
        r
        for r in score.rows
        if (r.cut, r.aspect) == (one.cut, one.aspect)
        and not r.passed
        and not all(f.what in (UNDECODED, one.why) for f in r.findings)  # said once
    ]
    failed.sort(key=lambda r: (not r.gate_today, r.kind != "gate"))
    if not one.made:
        state, word = "bad", "not judged"
    elif not one.plays:
        state, word = "bad", "does not play: run again"
    elif one.publishable:
        state, word = "good", "publishable"
    else:
        state, word = ("bad", "set aside") if one.held_back else ("mild", "findings")
    poster = next((s for s in one.stills if not s.measure), None)
    frames = "".join(_frame(s) for s in one.stills if s.measure)
    said = f"<li>{escape(one.aside)}</li>" if one.aside else ""
    for row in failed:
        later = "" if row.gate_today else " <i>holds nothing back today</i>"
        later = later if row.kind == "gate" else " <i>no gate</i>"
        name = escape(row.measure.replace("_", " "))
        said += f"<li><b>{name}</b>{later}: {escape(_found(row.findings))}</li>"
    picture = f'<img alt="" src="{_inside(poster.jpeg, "jpeg")}">' if poster else ""
    return f"""<article>
{picture}
<div><p><b>{escape(one.cut)} {shown(one.aspect)}</b> <span class="{state}">{word}</span>
<small>{f"{one.seconds:.2f} s" if one.made else escape(one.why)}</small></p>
<ul>{said}</ul><div class="frames">{frames}</div></div>
</article>"""


def _found(findings: Sequence[Any]) -> str:
    first = findings[0]
    at = f" (at {first.at})" if first.at else ""
    more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{first.what}{at}{more}"


def _frame(one: Still) -> str:
    return (
        f'<figure><img alt="" src="{_inside(one.jpeg, "jpeg")}"><figcaption>{one.at:.2f} s: '
        f"{escape(one.measure.replace('_', ' '))}</figcaption></figure>"
    )


_LEGEND = """<details class="dim"><summary>How to read this</summary><ul>
<li><b>gate</b>: a cutdown that fails it is set aside and not published</li>
<li><b>gate to come</b>: counts in the headline here, and holds nothing back yet</li>
<li><b>gate of the yardstick</b>: counts in the headline; asks for a library's truth</li>
<li><b>gate of the campaign</b>: of all cuts together; stands beside the headline</li>
<li><b>row</b>: of the specification's table of measures (CRAFT 8)</li>
<li><b>score</b>, <b>report</b>: told, and holds nothing back</li>
<li><b>6 of 8</b>: cutdowns that hold, of those in which there was something to measure</li>
<li><b>figures</b>: the middle of all cutdowns in all ratios (lowest to highest)</li>
<li><b>LUFS</b>, <b>dBTP</b>: loudness and true peak (ITU-R BS.1770); <b>dE00</b>: difference of two
colours (CIEDE2000), about 1 can just be seen; <b>p95</b>: 95 of 100 lie below</li>
</ul></details>"""

_STYLE = """
:root{color-scheme:dark;--ink:#e9ecf1;--dim:#98a1b0;--line:#262c37;--card:#151920;--good:#6fcf97;
--mild:#f2c94c;--bad:#ff7b72;--accent:#f2b04a}
*{box-sizing:border-box}
body{margin:0;background:#0d1015;color:var(--ink);
font:15px/1.5 Inter,system-ui,-apple-system,"Segoe UI",sans-serif}
header,main{max-width:1500px;margin:0 auto;padding:0 clamp(16px,3vw,48px)}
header{padding-top:36px}
h1{margin:0 0 16px;font-size:clamp(26px,4vw,40px);letter-spacing:-.02em}
h2 small,small,.dim{color:var(--dim);font-weight:400}
.heads{display:flex;flex-wrap:wrap;gap:16px}
.head{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:14px 20px}
.head b{display:block;font-size:34px;color:var(--accent)}
.head small{display:block;font-size:12px}
section{margin:28px 0;padding:20px clamp(14px,2vw,28px);background:var(--card);
border:1px solid var(--line);border-radius:16px}
.plot img{max-width:100%;height:auto;border-radius:10px}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px}
.wide table{width:100%}
.facts{margin:16px 0;color:var(--dim)}
th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-bottom:1px solid var(--line)}
th{color:var(--dim)}
.good{color:var(--good)}.mild{color:var(--mild)}.bad{color:var(--bad)}.open{color:var(--dim)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(420px,1fr));gap:14px}
article{display:flex;gap:14px;border:1px solid var(--line);border-radius:12px;padding:12px}
article>img{max-width:130px;max-height:180px;border-radius:8px;object-fit:contain;
align-self:flex-start}
article p{margin:0 0 6px}
article>div{min-width:0}
ul{margin:0;padding-left:16px;font-size:12px}
i{color:var(--mild);font-style:normal}
.frames{display:flex;flex-wrap:wrap;gap:8px;margin-top:8px}
figure{margin:0;max-width:110px}
figure img{max-width:100%;border-radius:6px}
details{margin:0 0 14px}
figcaption{font-size:10px;color:var(--dim)}
"""
