"""From cases to a score: every measure on every cutdown, and how many cutdowns are publishable.

Headline = publishable cutdown files / (requested cuts x aspects). Publishable: every measure of
kind gate holds, also one that is only a finding on the write path (`until`); gates are never
averaged. What was asked for and not made counts against the headline.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.sources import Sources
from video_assets.delivery.inspections.table import MEASURES, UNDECODED, UNMADE, Measure, run
from video_assets.delivery.inspections.truth import Truth
from video_assets.delivery.yardstick.stills import Still, still, when
from video_assets.delivery.yardstick.table import (
    CAMPAIGN_MEASURES,
    LIMITS,
    TRUTH_MEASURES,
    CampaignMeasure,
    TruthMeasure,
)
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import Finding

MISSING = "is_made"
"""The measure that only what was asked for and not made can fail."""
LASTS = "lasts_as_asked"
"""The measure of the length that was asked for (CRAFT 8 row 13); the timeline's own is another."""
TOLERANCE = 0.5
"""Seconds (CRAFT 8 row 13)."""
STILLS = 4
"""Frames at findings that are kept of one cutdown."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one measure says of one cutdown (of a campaign: cut and aspect are empty)."""

    who: str
    """Contestant, or project."""
    setting: str
    """Such as `seed 7, with words`; may be empty."""
    cut: str
    aspect: str
    measure: str
    row: int
    """Of CRAFT.md 8; 0 for none of them."""
    kind: str
    """gate, score or report."""
    gate_today: bool
    """Whether it holds a cutdown back on the write path as the product is now."""
    passed: bool
    measured: bool
    """False where there was nothing to measure."""
    figures: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cutdown:
    """One file that was judged, or one that was asked for and is not there."""

    cut: str
    aspect: str
    seconds: float = 0.0
    sha256: str = ""
    publishable: bool = False
    """Every gate holds."""
    but_exports: bool = False
    """Every gate holds but those of files that the product does not make at all yet (`UNMADE`)."""
    held_back: bool = True
    """Whether the write path as it is now would set it aside."""
    why: str = ""
    """Why it was not judged: it is not there, or something that it is judged by is not."""
    plays: bool = True
    """Whether the file decodes to its end."""
    stills: tuple[Still, ...] = ()
    """The first is its poster, the others are frames at findings."""
    aside: str = ""
    """What holds it back beside today's measures: such as a verdict that shut its gates."""

    @property
    def made(self) -> bool:
        """Whether there is a file."""
        return not self.why


@dataclass(frozen=True)
class Score:
    """What one contestant's cutdowns of one library are worth."""

    who: str
    setting: str
    cutdowns: Sequence[Cutdown]
    """As many as were asked for: cuts x aspects, and more only where more were made."""
    rows: Sequence[Row]
    with_truth: bool
    cost: Mapping[str, float] = field(default_factory=dict)
    """Name with its unit to figure: wall_s, cpu_s, peak_mb, ..."""

    @property
    def requested(self) -> int:
        """Cutdowns that were asked for."""
        return len(self.cutdowns)

    @property
    def publishable(self) -> int:
        """Cutdowns whose every gate holds."""
        return sum(c.publishable for c in self.cutdowns)

    @property
    def headline(self) -> float:
        """Share of the requested cutdowns that is publishable, 0..1; 0 where nothing was asked."""
        return self.publishable / self.requested if self.requested else 0.0

    @property
    def but_exports(self) -> float:
        """Share of the requested cutdowns whose every gate but `UNMADE` holds, 0..1."""
        good = sum(c.but_exports for c in self.cutdowns)
        return good / self.requested if self.requested else 0.0

    @property
    def campaign(self) -> dict[str, bool]:
        """Gates of all cuts together: whether they hold. Without what could not be measured."""
        return {
            r.measure: r.passed for r in self.rows if not r.cut and r.kind == "gate" and r.measured
        }

    def why_set_aside(self, one: Cutdown) -> str:
        """What holds a cutdown back today, for people: the first finding, and how many more."""
        if one.aside:
            return one.aside
        found = [
            f
            for r in self.rows
            if (r.cut, r.aspect) == (one.cut, one.aspect) and r.gate_today
            for f in r.findings
        ]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        return f"{found[0].what}{more}" if found else ""

    @property
    def passes_today(self) -> float:
        """Share of the requested cutdowns that the write path as it is now lets out, 0..1."""
        good = sum(c.made and not c.held_back for c in self.cutdowns)
        return good / self.requested if self.requested else 0.0


@dataclass(frozen=True)
class Entry:
    """A cutdown on its way to the judges: its case, or why there is none."""

    cut: str
    aspect: str
    case: Case | None = None
    why: str = ""
    seconds: float = 0.0
    """Length that was asked for; 0.0 where none was."""
    own: Mapping[str, Callable[[Case], Outcome]] = field(default_factory=dict)
    """Measures by name that take the place of those of `MEASURES`: for who has its own style."""


def scored(
    entries: Iterable[Entry],
    who: str,
    setting: str = "",
    asked: Mapping[str, str] | None = None,
    aspects: Sequence[str] = (),
    truth: Truth | None = None,
    cost: Mapping[str, float] | None = None,
    stills: bool = True,
) -> Score:
    """Judges cutdowns one after the other; an entry's case is let go when it is judged.

    `asked`: the cuts that were asked for by name, with the reason where it is known why one was not
    made; with `aspects` it says what is missing. Without them what is given counts as asked for.
    """
    rows: list[Row] = []
    found: dict[tuple[str, str], Cutdown] = {}
    campaign: dict[str, Case] = {}
    for entry in entries:
        if entry.case is None:
            why = entry.why or "it is not there"
            found[entry.cut, entry.aspect] = Cutdown(entry.cut, entry.aspect, why=why)
            continue
        where = (who, setting, entry.cut, entry.aspect)
        own, cutdown = _judged(entry, entry.case, where, truth, stills)
        rows += own
        found[entry.cut, entry.aspect] = cutdown
        # without what it decoded and what its sources keep
        bare = replace(entry.case, sources=_unread(entry.case.sources))
        campaign.setdefault(entry.cut, bare)
    for cut, why in (asked or {}).items():
        for aspect in aspects:
            if (cut, aspect) not in found:
                found[cut, aspect] = Cutdown(cut, aspect, why=why or "it was not made")
    for one in found.values():
        gone = () if one.made else (Finding(MISSING, one.why),)
        where = (who, setting, one.cut, one.aspect)
        rows.append(Row(*where, MISSING, 0, "gate", True, one.made, True, {}, gone))
    for several in CAMPAIGN_MEASURES if campaign else ():
        outcome = several.run(list(campaign.values()), truth)
        rows.append(_row((who, setting, "", ""), several, outcome))
    return Score(who, setting, list(found.values()), rows, truth is not None, dict(cost or {}))


def _unread(sources: Sources) -> Sources:
    """The same footage, of which nothing is kept in memory yet."""
    return Sources(sources.root, sources.rows)


def _judged(
    entry: Entry, case: Case, where: tuple[str, str, str, str], truth: Truth | None, stills: bool
) -> tuple[list[Row], Cutdown]:
    """Every measure on one cutdown that lies there. `where`: who, setting, cut, aspect."""
    film = case.film
    measures = [replace(m, run=_named(entry.own.get(m.name, m.run), m.name)) for m in MEASURES]
    rows = [_row(where, m, run(m, case)) for m in measures]
    if truth is not None:
        rows += [_row(where, m, _against(m, case, truth)) for m in TRUTH_MEASURES]
    if entry.seconds:
        rows.append(_lasts(where, float(film.seconds), entry.seconds))
    return rows, Cutdown(
        *where[2:],
        float(film.seconds),
        film.sha256,
        all(r.passed for r in rows if r.kind == "gate"),
        all(r.passed for r in rows if r.kind == "gate" and r.measure not in UNMADE),
        not all(r.passed for r in rows if r.gate_today),
        "",
        case.decodes,
        _stills(case, rows) if stills and case.decodes else (),
    )


def _named(judge: Callable[[Case], Outcome], name: str) -> Callable[[Case], Outcome]:
    """The function under a measure's name."""
    if getattr(judge, "__name__", "") == name:
        return judge

    def named(case: Case) -> Outcome:
        return judge(case)

    named.__name__ = name
    return named


def _lasts(where: tuple[str, str, str, str], seconds: float, asked: float) -> Row:
    figures = {"away_s": round(abs(seconds - asked), 4), "length_s": round(seconds, 4)}
    found: tuple[Finding, ...] = ()
    if abs(seconds - asked) > TOLERANCE:
        what = f"lasts {seconds:.2f} s, asked for were {asked:.0f} s"
        found = (Finding(LASTS, what, f"{seconds:.2f}", f"{asked:.0f} ±{TOLERANCE} s"),)
    return Row(*where, LASTS, 13, "gate", False, not found, True, figures, found)


def _against(measure: TruthMeasure, case: Case, truth: Truth) -> Outcome:
    """A truth measure under the same rules as the others: one that cannot run is never a pass."""

    def bound(one: Case) -> Outcome:
        return measure.run(one, truth)

    bound.__name__ = measure.name
    return run(Measure(measure.row, bound, measure.kind, blind=measure.blind), case)


def _row(
    where: tuple[str, str, str, str],
    measure: Measure | TruthMeasure | CampaignMeasure,
    outcome: Outcome,
) -> Row:
    return Row(
        *where,
        measure.name,
        measure.row,
        measure.kind,
        isinstance(measure, Measure) and measure.holds,
        not outcome.findings,
        outcome.measured or bool(outcome.findings),
        {k: round(float(v), 4) for k, v in sorted(outcome.figures.items())},
        tuple(outcome.findings),
        outcome.note,
    )


def _stills(case: Case, rows: Sequence[Row]) -> tuple[Still, ...]:
    """A poster, and the frames at the first findings that name a time."""
    fps = case.timeline.fps
    moments = [(float(case.timeline.duration) / 3, "", "")]
    for row in rows:
        for finding in row.findings:
            at = when(finding.at, fps)
            if (
                at is not None
                and len(moments) <= STILLS
                and all(m[1] != row.measure for m in moments)
            ):
                moments.append((at, row.measure, finding.what))
    found = []
    for at, measure, what in moments:
        try:
            found.append(still(case.file, at, measure, what))
        except VideoAssetsError:
            continue  # the picture is for people; that the file is damaged is a finding already
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Summary:
    """One measure over many cutdowns."""

    measure: str
    row: int
    kind: str
    gate_today: bool
    cutdowns: int
    """That were looked at."""
    measured: int
    """Of these, how many had something to measure."""
    holds: int
    """Of the measured, how many hold."""
    figures: dict[str, tuple[float, float, float]]
    """Name to lowest, median, highest."""
    limit: str
    """What CRAFT.md 8 asks of it, else what a finding says."""
    example: str
    """The first finding that says more than that a file does not play."""

    @property
    def counts_as(self) -> str:
        """score, report, or gate with when it is one, for people."""
        if self.kind != "gate" or self.gate_today:
            return self.kind
        if self.measure in {m.name for m in MEASURES}:
            return "gate to come"
        if self.measure in {m.name for m in CAMPAIGN_MEASURES}:
            return "gate of the campaign"
        return "gate of the yardstick"

    @property
    def share(self) -> float | None:
        """Of the measured that hold, 0..1; None where nothing could be measured."""
        return self.holds / self.measured if self.measured else None


def summaries(rows: Iterable[Row]) -> list[Summary]:
    """One summary a measure, in the order the measures have in the tables."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.measure, []).append(row)
    order = [m.name for m in MEASURES]
    order += [m.name for m in TRUTH_MEASURES] + [m.name for m in CAMPAIGN_MEASURES]
    names = sorted(by_name, key=lambda n: (order.index(n) if n in order else -1, n))
    found = []
    for name in names:
        own = by_name[name]
        first = own[0]
        measured = [r for r in own if r.measured]
        values: dict[str, list[float]] = {}
        for row in measured:
            for figure, value in row.figures.items():
                values.setdefault(figure, []).append(value)
        findings = [f for r in own for f in r.findings]
        limits = [f.limit for f in findings if f.limit]
        found.append(
            Summary(
                name,
                first.row,
                first.kind,
                first.gate_today,
                len(own),
                len(measured),
                sum(r.passed for r in measured),
                {k: (min(v), round(median(v), 4), max(v)) for k, v in values.items()},
                LIMITS.get(name) or next(iter(limits), ""),
                next((f.what for f in findings if f.what != UNDECODED), ""),
            )
        )
    return found


def relative(ours: float, naive: float, truth: float = 1.0) -> float | None:
    """`clip((ours - naive) / (truth - naive), 0, 1)`: 0 as good as naive, 1 as good as the truth.

    None where naive is as good as the truth already: there is nothing to be won.
    """
    if truth == naive:
        return None
    return min(1.0, max(0.0, (ours - naive) / (truth - naive)))
