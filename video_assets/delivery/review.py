"""One static page per project: the six players of every idea, its gates, its reasons, its files.

Opens from disk: relative links, no network, no script. Everything that people wrote is escaped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

from video_assets.delivery.inspections.table import UNMADE
from video_assets.finishing import formats
from video_assets.finishing.reframe import visible
from video_assets.foundation.records import Idea, Timeline
from video_assets.foundation.timecode import clock


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One cut as the page shows it. File names are relative to the page."""

    timeline: Timeline
    idea: Idea | None
    videos: Mapping[str, str]
    """Aspect to mp4."""
    posters: Mapping[str, str] = field(default_factory=dict)
    """Aspect to JPEG."""
    verdicts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Aspect to the verdict of `inspections.verdict.inspect`."""
    downloads: Sequence[tuple[str, str]] = ()
    """(label, file) of captions, timeline, receipt."""
    notes: Sequence[str] = ()


def page(project: str, brand: str, cuts: Sequence[Reviewed], notes: Sequence[str] = ()) -> str:
    """The page as HTML. `notes` are what a person should know about the whole project."""
    body = "\n".join(_cut(cut) for cut in cuts) or '<p class="empty">No cut was made.</p>'
    made = sum(len(c.videos) for c in cuts)
    good = sum(bool(v.get("passed")) for c in cuts for v in c.verdicts.values())
    summary = (
        f"{_counted(len(cuts), 'idea')}, {_counted(made, 'cutdown')}, {good} passed every gate"
    )
    links = "".join(
        f'<a href="#{escape(c.timeline.cut_id, True)}">{escape(_title(c))}</a>' for c in cuts
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(brand)}: cutdowns of {escape(project)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<p class="brand">{escape(brand)}</p>
<h1>{escape(project)}</h1>
<p class="sum">{summary}</p>
<nav>{links}</nav>
{_list(notes, "notes")}
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _title(cut: Reviewed) -> str:
    return f"{float(cut.timeline.duration):.0f} s · {cut.timeline.title}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _cut(cut: Reviewed) -> str:
    line = cut.timeline
    idea = cut.idea
    words = ""
    if idea:
        tags = " ".join(escape(t) for t in idea.hashtags if t not in idea.upload_text)
        words = (
            f'<p class="hook">{escape(idea.hook)}</p>' if idea.hook else ""
        ) + f'<p class="upload">{escape(idea.upload_text)} <span>{tags}</span></p>'
    players = "\n".join(_player(cut, a) for a in formats.ASPECTS if a in cut.videos)
    files = "".join(
        f'<a href="{_link(file)}" download>{escape(label)}</a>' for label, file in cut.downloads
    )
    all_notes = [*cut.notes, *line.notes, *(idea.notes if idea else ())]
    if line.captions_note:
        all_notes.append(f"Captions: {line.captions_note}")
    return f"""<section id="{escape(line.cut_id, True)}">
<h2>{escape(line.title)} <small>{escape(line.cut_id)} · {float(line.duration):.2f} s ·
{float(line.fps):.2f} fps · {len(visible(line))} shots</small></h2>
{words}
<div class="players">
{players}
</div>
{_list(list(dict.fromkeys(all_notes)), "notes")}
<details><summary>Gates</summary>{_gates(cut)}</details>
<details><summary>Why each shot</summary>{_why(line)}</details>
<p class="files">{files}</p>
</section>"""


def _player(cut: Reviewed, aspect: str) -> str:
    verdict = cut.verdicts.get(aspect, {})
    ratio = formats.RATIOS[aspect]
    poster = cut.posters.get(aspect)
    shown = f' poster="{_link(poster)}"' if poster else ""
    if not verdict:
        state, word = "open", "not inspected"
    elif not verdict["passed"]:
        state, word = "bad", "set aside"
    elif any(f["measure"] not in UNMADE for f in verdict.get("findings", ())):
        state, word = "mild", "passed, see gates"
    else:
        state, word = "good", "passed"
    figures = verdict.get("measures", {})
    facts = (
        f"{figures['width']}×{figures['height']} · {figures['loudness_lufs']} LUFS"
        if figures
        else ""
    )
    file = _link(cut.videos[aspect])
    return f"""<figure style="--ratio:{float(ratio):.5f}">
<video controls playsinline preload="none"{shown} src="{file}"></video>
<figcaption><b>{formats.shown(aspect)}</b> <i class="{state}">{word}</i>
<span>{facts} <a href="{file}" download>mp4</a></span></figcaption>
</figure>"""


def _gates(cut: Reviewed) -> str:
    shown = [a for a in formats.ASPECTS if a in cut.verdicts]
    if not shown:
        return "<p>Nothing was inspected.</p>"
    names = list(dict.fromkeys(g for a in shown for g in cut.verdicts[a]["gates"]))
    head = "".join(f"<th>{formats.shown(a)}</th>" for a in shown)
    rows = ""
    for name in names:
        cells = ""
        for aspect in shown:
            found = cut.verdicts[aspect]["gates"].get(name, [])
            cells += f'<td class="{"bad" if found else "good"}">{len(found) or "✓"}</td>'
        rows += f"<tr><td>{escape(name.replace('_', ' '))}</td>{cells}</tr>"
    problems = [
        f"{formats.shown(a)}: {f['what']}" + (f" (at {f['at']})" if f.get("at") else "")
        for a in shown
        for f in [
            *(f for found in cut.verdicts[a]["gates"].values() for f in found),
            *cut.verdicts[a].get("findings", []),
        ]
    ]
    return f'<div class="wide"><table><tr><th>gate</th>{head}</tr>{rows}</table></div>' + _list(
        problems, "problems"
    )


def _why(line: Timeline) -> str:
    rows = ""
    for stretch in visible(line):
        cut = stretch.cut
        start = cut.source_start + (stretch.start - cut.start) / line.fps
        terms = ", ".join(f"{k} {v:.2f}" for k, v in sorted(cut.terms.items()))
        rows += (
            f"<tr><td>{clock(stretch.start / line.fps)}</td><td>{escape(cut.track)}</td>"
            f"<td>{escape(cut.path)}<br><small>{clock(start)} to "
            f"{clock(start + stretch.frames / line.fps)}</small></td>"
            f"<td>{cut.score:.2f}</td><td>{escape(cut.why)}<br><small>{escape(terms)}</small></td>"
            "</tr>"
        )
    return (
        '<div class="wide"><table><tr><th>at</th><th>track</th><th>source</th><th>score</th>'
        f"<th>why</th></tr>{rows}</table></div>"
    )


def _list(lines: Sequence[str], kind: str) -> str:
    if not lines:
        return ""
    return f'<ul class="{kind}">' + "".join(f"<li>{escape(t)}</li>" for t in lines) + "</ul>"


def _link(file: str) -> str:
    """A relative link that no file name can turn into another address."""
    path = quote(file, safe="/-._~")
    return escape(path if path.startswith(("./", "../")) else f"./{path}", True)


_STYLE = """
:root{color-scheme:dark;--ink:#e9ecf1;--dim:#98a1b0;--line:#262c37;--card:#151920;--good:#6fcf97;
--mild:#f2c94c;--bad:#ff7b72;--accent:#f2b04a}
*{box-sizing:border-box}
body{margin:0;background:#0d1015;color:var(--ink);
font:15px/1.55 Inter,system-ui,-apple-system,"Segoe UI",sans-serif}
header,main{max-width:1680px;margin:0 auto;padding:0 clamp(16px,3vw,48px)}
header{padding-top:40px}
.brand{margin:0;color:var(--accent);letter-spacing:.08em;text-transform:uppercase;font-size:12px;
font-weight:700}
h1{margin:.1em 0;font-size:clamp(28px,4vw,44px);letter-spacing:-.02em}
.sum,small,.upload span,figcaption span{color:var(--dim)}
nav{display:flex;flex-wrap:wrap;gap:8px;margin:16px 0}
nav a,.files a{border:1px solid var(--line);border-radius:999px;padding:4px 14px;
text-decoration:none;color:var(--ink)}
nav a:hover,.files a:hover{border-color:var(--accent)}
a{color:var(--accent)}
section{margin:36px 0;padding:24px clamp(16px,2vw,32px);background:var(--card);
border:1px solid var(--line);border-radius:18px}
h2{margin:0 0 8px;font-size:22px}
h2 small{font-weight:400;font-size:13px;margin-left:8px}
.hook{font-size:18px;font-weight:600;margin:0 0 4px}
.upload{margin:0 0 12px;max-width:80ch}
.players{display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start;margin:20px 0}
figure{margin:0;flex:var(--ratio) 1 calc(var(--ratio)*200px);max-width:calc(var(--ratio)*340px)}
video{display:block;width:100%;aspect-ratio:var(--ratio);background:#000;border-radius:12px;
object-fit:contain}
figcaption{padding:8px 2px 0;font-size:13px}
figcaption span{display:block}
i{font-style:normal;white-space:nowrap;display:inline-block;font-size:12px;padding:1px 8px;
border-radius:999px;border:1px solid}
.good{color:var(--good)}.mild{color:var(--mild)}.bad{color:var(--bad)}.open{color:var(--dim)}
details{border-top:1px solid var(--line);padding:10px 0}
summary{cursor:pointer;font-weight:600}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:10px 0;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:600}
.notes{color:var(--mild);font-size:13px;padding-left:18px}
.problems{color:var(--bad);font-size:13px;padding-left:18px}
.files{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0 0}
.empty{color:var(--dim)}
"""
