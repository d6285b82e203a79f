"""The result of a benchmark as Markdown, for people who read the repository."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from video_assets.delivery.yardstick.page import campaign_gates, figure_text
from video_assets.delivery.yardstick.score import Score, Summary, relative, summaries

COSTS = {
    "wall_s": "wall, s",
    "cpu_s": "CPU, s",
    "peak_mb": "peak memory, MB",
    "wall_s_a_minute": "wall s a finished minute",
    "cpu_s_a_minute": "CPU s a finished minute",
    "index_share": "index time / library time",
    "api_cost": "API cost",
}
"""Names in `Score.cost` and how people call them."""


def report(scores: Sequence[Score], facts: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Headline, every measure, costs, what is missing; the command and machine they come from."""
    who = list(dict.fromkeys(s.who for s in scores))
    by_who = {n: [s for s in scores if s.who == n] for n in who}
    parts = [
        "# What the ruler says",
        _facts(facts),
        "## Headline",
        "Publishable cutdown files / (requested cuts x aspects). Every measure of kind gate "
        "counts, also those that are only findings on the write path today. Exports (xmeml, "
        "FCPXML) are made by nobody yet, so `all gates but exports` stands beside it. Gates of a "
        "campaign judge all cuts of a library together.",
        _headlines(by_who),
        f"Planted defects: recall {_share(result.get('recall'))}, "
        f"false alarms {_share(result.get('false_alarms'))}.",
        "## Measures",
        "Cutdowns that hold, of those with something to measure; then median (lowest to highest) "
        "of each figure of ours. `score`: clip((ours - naive) / (1 - naive), 0, 1) of the shares.",
        _measures({n: summaries(r for s in own for r in s.rows) for n, own in by_who.items()}),
        "## Cost",
        "Of the contestant's program with all it starts; the judges are not in it. A finished "
        "minute is a minute of timeline in all aspects. Random uses the index that ours made.",
        _costs(by_who),
    ]
    if result.get("checks"):
        parts += ["## Several runs", _checks(result["checks"])]
    missing = [
        f"- {s.who}, {s.setting}: {c.cut} {c.aspect}: {c.why}"
        for s in scores
        for c in s.cutdowns
        if not c.made
    ]
    if missing:
        parts += ["## Not made", "\n".join(missing)]
    parts += ["## Other tools", *(f"- {line}" for line in result.get("others", ()))]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"


def _facts(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"- {k}: {f'`{v}`' if k == 'command' else v}" for k, v in facts.items())


def _headlines(by_who: Mapping[str, Sequence[Score]]) -> str:
    lines = [
        "| contestant | publishable | libraries: lowest to highest | all gates but exports | "
        "without the gates to come | gates of a campaign: libraries that hold |",
        "|---|---|---|---|---|---|",
    ]
    for who, own in by_who.items():
        each = [s.headline for s in own]
        good, asked = sum(s.publishable for s in own), sum(s.requested for s in own)
        today, but = mean(s.passes_today for s in own), mean(s.but_exports for s in own)
        campaign = ", ".join(f"{n} {a} of {b}" for n, (a, b) in campaign_gates(own).items())
        lines.append(
            f"| {who} | {mean(each):.1%} ({good} of {asked}) | {min(each):.1%} to "
            f"{max(each):.1%} (n={len(each)}) | {but:.1%} | {today:.1%} | "
            f"{campaign or 'not measured'} |"
        )
    return "\n".join(lines)


def _measures(by_who: Mapping[str, Sequence[Summary]]) -> str:
    first: dict[str, Summary] = {}
    for own in by_who.values():
        for one in own:
            first.setdefault(one.measure, one)
    head = " | ".join(by_who)
    lines = [
        f"| row | measure | counts as | {head} | score | figures of ours | asked |",
        "|---|---|---|" + "---|" * (len(by_who) + 3),
    ]
    for name, some in first.items():
        found = {w: next((s for s in own if s.measure == name), None) for w, own in by_who.items()}
        cells = " | ".join(_held(one) for one in found.values())
        ours, naive = found.get("ours"), found.get("naive")
        won = None
        if ours and naive and ours.share is not None and naive.share is not None:
            won = relative(ours.share, naive.share)
        figures = ", ".join(f"{k} {figure_text(v)}" for k, v in (ours or some).figures.items())
        lines.append(
            f"| {some.row or '-'} | {name} | {some.counts_as} | {cells} | "
            f"{'-' if won is None else f'{won:.2f}'} | {figures} | {some.limit} |"
        )
    return "\n".join(lines)


def _held(one: Summary | None) -> str:
    if one is None:
        return "not measured"
    return f"{one.holds} of {one.measured}" if one.measured else "nothing to measure"


def _costs(by_who: Mapping[str, Sequence[Score]]) -> str:
    lines = [f"| mean of a library | {' | '.join(by_who)} |", "|---|" + "---|" * len(by_who)]
    for key, name in COSTS.items():
        cells = []
        for own in by_who.values():
            values = [s.cost[key] for s in own if key in s.cost]
            cells.append(f"{mean(values):.4g}" if values else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    ended = [
        str(sum(bool(s.cost.get("exit_code")) for s in own)) + f" of {len(own)}"
        for own in by_who.values()
    ]
    lines.append(f"| programs that ended with an error | {' | '.join(ended)} |")
    return "\n".join(lines)


def _checks(checks: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for one in checks:
        told = "holds" if one["holds"] else "does not hold: " + "; ".join(one["problems"][:5])
        where = f"row {one['row']}, {one['setting']}, {one['looked_at']} files"
        lines.append(f"- {one['name']} ({where}): {told}")
    return "\n".join(lines)


def _share(value: Any) -> str:
    return "not measured" if value is None else f"{value:.3f}"
