"""Does a cutdown say and show what the brief asks, in its order, and nothing that it forbids."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import Heard, cues_of, heard
from video_assets.delivery.inspections.normal import flat
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

SAYS = 85
"""rapidfuzz partial ratio (0..100) from which heard words say a sentence: other takes differ in a
word or two."""
SAME = 80
"""rapidfuzz ratio (0..100) from which a beat is the sentence that the brief asks for."""
SAME_LINE = 90
"""The same for a line of the library, which nobody chose for the sentence."""
FIRST = Fraction(1)
"""Seconds within which a hook that is spoken must begin (CRAFT 3.4)."""


def says_what_the_brief_asks(case: Case) -> Outcome:
    """Required sentences and the call to action are there, forbidden words are not, order holds.

    CRAFT 8 row 14: required 100 %, forbidden 0, order 100 %. `must_say` is asked of a campaign: a
    cut of 6 s cannot hold all of it. So a sentence is required of a cut where one of its lines is
    this sentence, or its idea took it up; `must_say_share` is that of all, and `must_say_is_heard`
    judges the campaign. The hook is one of the brief's where it names any. Beats that edits
    replaced are not missed; those that are there must be in the idea's order, the hook in the first
    second, the end card last. A note says what could not be judged without the idea.
    """
    name = "says_what_the_brief_asks"
    spoken = heard(case)
    said = " ".join(h.word.text for h in spoken)
    shown = _shown(case)
    found = _forbidden(name, case, said, shown)
    required = [s for s in case.brief.must_say if _taken_up(case, s)]
    told = " ".join([said, *(text for _, text in shown)])
    found += [
        Finding(name, f"{text!r} must be said and is neither heard nor written", "0", "1")
        for text in required
        if not _says(told, text)
    ]
    call = case.brief.call_to_action
    if call and not _says(told, call):
        what = f"the call to action {call!r} is neither written nor heard"
        found.append(Finding(name, what, "0", "1"))
    found += _out_of_order(name, case, spoken)
    every = case.brief.must_say
    share = sum(_says(told, s) for s in every) / len(every) if every else 1.0
    figures = {
        "must_say_share": share,
        "required": len(required) + bool(call),
        "problems": len(found),
    }
    note = ""
    if case.idea is None:
        what = "the order, the spoken hook"
        what += " and which required sentences this cut should say" if every else ""
        note = f"the idea of {case.timeline.cut_id} is not there: {what} were not judged"
    return Outcome(figures, tuple(found), note)


def must_say_is_heard(cases: Sequence[Case]) -> float:
    """Share of the brief's `must_say` that at least one cut of a campaign says or writes, 0..1.

    CRAFT 8 row 14: 1.0. One case of each cut suffices. 1.0 where the brief asks for nothing.
    """
    wanted = {s for case in cases for s in case.brief.must_say}
    return 1 - len(unsaid(cases)) / len(wanted) if wanted else 1.0


def unsaid(cases: Sequence[Case]) -> list[str]:
    """The brief's `must_say` that no cut of a campaign says or writes, sorted."""
    wanted = {s for case in cases for s in case.brief.must_say}
    told = [
        " ".join([*(h.word.text for h in heard(c)), *(text for _, text in _shown(c))])
        for c in cases
    ]
    return sorted(s for s in wanted if not any(_says(text, s) for text in told))


def _shown(case: Case) -> list[tuple[str, str]]:
    """(where, text) of what is written."""
    found = [("the captions", " ".join(w.text for w in case.timeline.words))]
    found.append(("the SRT file", " ".join(c.text for c in cues_of(case.texts.srt))))
    if case.aspect in formats.BURNED:
        found.append(("what is burned in", " ".join(c.text for c in case.texts.burned)))
    for title in case.timeline.titles:
        if title.kind != "hook" or case.aspect in formats.BURNED:
            where = "the title" if title.kind == "hook" else "the end card"
            found.append((where, f"{title.text} {title.sub}"))
    return found


def _forbidden(name: str, case: Case, said: str, shown: Sequence[tuple[str, str]]) -> list[Finding]:
    natural = " ".join(h.word.text for h in heard(case, "A3"))
    places = [("the sound", said), ("the sound of a picture", natural), *shown]
    if any(t.kind == "end_card" for t in case.timeline.titles):
        places.append(("the end card", f"{case.brand.name} {case.brand.tagline}"))
    if case.idea is not None:
        posted = (case.idea.upload_text, *case.idea.hashtags)
        places.append(("the text of the post", " ".join(posted)))
    return [
        Finding(name, f"{word!r} is forbidden and stands in {where}", word, "0")
        for word in case.brief.forbidden
        for where, text in places
        if _holds(text, word)
    ]


def _holds(text: str, phrase: str) -> bool:
    """Whether a word or phrase stands in a text as a whole, whatever case and punctuation."""
    return f" {flat(phrase)} " in f" {flat(text)} "


def _says(text: str, sentence: str) -> bool:
    from rapidfuzz import fuzz

    short, long = flat(sentence), flat(text)
    if not short or short in long:
        return True
    # a text shorter than what it should say would match by any of its parts
    return len(long) >= len(short) and fuzz.partial_ratio(short, long) >= SAYS


def _taken_up(case: Case, sentence: str) -> bool:
    """Whether a line of the cut is a sentence, or the cut's idea wants it heard."""
    from rapidfuzz import fuzz

    lines = (case.tables.lines.get(c.line_id) for c in case.timeline.sound if c.track == "A1")
    texts = {(line.text, SAME_LINE) for line in lines if line is not None}
    if case.idea is not None:
        texts |= {(beat.text, SAME) for beat in case.idea.beats if beat.line_group}
    return any(fuzz.ratio(flat(sentence), flat(text)) >= least for text, least in texts)


def _out_of_order(name: str, case: Case, spoken: Sequence[Heard]) -> list[Finding]:
    timeline = case.timeline
    found = []
    places: list[tuple[int, Fraction, str]] = []
    beats = case.idea.beats if case.idea is not None else ()
    for cut in timeline.sound:
        line = case.tables.lines.get(cut.line_id) if cut.track == "A1" else None
        at = [
            n for n, b in enumerate(beats) if line and b.line_group and b.line_group == line.group
        ]
        if at and line:
            places.append((at[0], cut.start, line.text))
    places.sort(key=lambda p: p[1])
    for (one, _, text), (two, start, after) in pairwise(places):
        if two < one:
            what = f"{after!r} comes after {text!r}; the idea has it before"
            found.append(Finding(name, what, str(two), f"> {one}", f"{float(start):.2f} s"))
    hook = next((b for b in beats if b.kind == "hook" and b.line_group), None)
    first = min((h.start for h in spoken), default=None)
    begun = any(places) and beats[places[0][0]] is hook
    if hook is not None and begun and first is not None and first > FIRST:
        what = f"the hook is heard from {float(first):.2f} s on"
        found.append(Finding(name, what, f"{float(first):.2f} s", "<= 1 s", "0.00 s"))
    for title in timeline.titles:
        last = title.start + title.frames
        if title.kind == "end_card" and last != timeline.frames:
            what = f"the end card goes at frame {last}, the cut has {timeline.frames}"
            found.append(Finding(name, what, str(last), str(timeline.frames), f"frame {last}"))
        if title.kind == "hook" and title.start > FIRST * timeline.fps:
            what = f"the title of the hook comes at frame {title.start}"
            found.append(Finding(name, what, str(title.start), "<= 1 s", f"frame {title.start}"))
    hooks = {flat(t.text) for t in timeline.titles if t.kind == "hook"}
    if case.brief.hooks and not hooks & {flat(h) for h in case.brief.hooks}:
        what = "none of the brief's hooks is a title of the cut"
        found.append(Finding(name, what, "0", "1"))
    elif case.idea is not None and case.idea.hook and flat(case.idea.hook) not in hooks:
        what = f"the hook's words {case.idea.hook!r} are no title of the cut"
        found.append(Finding(name, what, "0", "1"))
    return found
