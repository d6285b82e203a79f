"""What each cut says: recipes filled from what the library holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from rapidfuzz import fuzz

from video_assets.editorial.brief import Brief
from video_assets.editorial.hooks import hook_score, on_screen
from video_assets.editorial.lines import Spoken, best_takes, usable_lines
from video_assets.editorial.pictures import Picture, usable_pictures
from video_assets.editorial.plan import Plan
from video_assets.editorial.recipes import of_length, recipe
from video_assets.foundation.records import (
    Beat,
    FootageRow,
    Idea,
    Line,
    Shot,
    Soundtrack,
    Tag,
    Word,
)
from video_assets.foundation.timecode import timeline_rate

ROUND = "r1"
DEFAULT_DURATIONS = (30, 15, 6)
UPLOAD_LENGTH = 220
CTA_MATCH = 62
"""partial_ratio from which a line counts as saying the call to action."""
TITLE_FITS = 0.5
"""How much a hook gains by saying what the title on screen says."""
LOST = 4
"""Frames of each picture that are not counted on when everything is used: its pieces keep apart."""
SHORTEST = Fraction(1)
"""Seconds; with less picture than this there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the library offers to ideas."""

    fps: Fraction
    spoken: dict[str, Spoken]
    """Best take by retake group."""
    pictures: tuple[Picture, ...]

    @property
    def seconds(self) -> Fraction:
        """Seconds of picture and speech that can be shown, nothing twice."""
        speech = sum((Fraction(s.frames) / self.fps for s in self.spoken.values()), Fraction(0))
        return speech + sum((p.end - p.start for p in self.pictures), Fraction(0))


def campaign_rate(rows: Sequence[FootageRow]) -> Fraction:
    """The timelines' rate: the rate of most seconds among the clips."""
    seconds: dict[Fraction, Fraction] = {}
    for row in rows:
        if row.role == "clip":
            rate = timeline_rate(row.fps)
            seconds[rate] = seconds.get(rate, Fraction(0)) + row.duration
    return max(seconds, key=lambda r: (seconds[r], r)) if seconds else Fraction(25)


def material(
    brief: Brief,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    lines: Sequence[Line],
    tags: Sequence[Tag],
    soundtracks: Sequence[Soundtrack],
) -> Material:
    """Usable lines and pictures."""
    fps = campaign_rate(rows)
    spoken = best_takes(usable_lines(brief, rows, shots, words, lines, soundtracks, fps))
    speakers = {s.shot.shot_id for s in spoken.values()} | {
        s.shot_id
        for s in shots
        if spoken and any(w.clip_id == s.clip_id and s.start <= w.start < s.end for w in words)
    }
    pictures = usable_pictures(rows, shots, tags, fps, without=speakers)
    return Material(fps, spoken, tuple(pictures))


def make_ideas(
    brief: Brief,
    plan: Plan,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    lines: Sequence[Line],
    tags: Sequence[Tag],
    soundtracks: Sequence[Soundtrack],
) -> tuple[list[Idea], list[tuple[Fraction, str]]]:
    """One idea a duration, and the durations that cannot be filled with the reason.

    A brief without durations gets the longest of 30, 15 and 6 s that the library can fill; with
    less than 6 s, one cut as long as what there is.
    """
    talk = material(brief, rows, shots, words, lines, tags, soundtracks)
    show = Material(
        talk.fps, {}, tuple(usable_pictures(rows, shots, tags, talk.fps, without=set()))
    )
    ideas: list[Idea] = []
    refused: list[tuple[Fraction, str]] = []
    asked = [Fraction(d) for d in brief.durations] or [
        next((Fraction(d) for d in DEFAULT_DURATIONS if _best(d, talk, show)), Fraction(0))
    ]
    for number, duration in enumerate(asked):
        notes: list[str] = []
        if duration == 0:
            most = max(talk.seconds, show.seconds)
            lost = LOST * max(len(talk.pictures), len(show.pictures))
            duration = Fraction(max(0, floor(most * talk.fps) - lost)) / talk.fps
            if duration < SHORTEST:
                refused.append((Fraction(6), f"only {float(most):.1f} s of picture can be used"))
                continue
            notes.append(
                f"the library holds {float(duration):.2f} s of usable picture; "
                "the cut is as long as that"
            )
        kind = _best(duration, talk, show)
        if kind is None:
            have = max(talk.seconds, show.seconds)
            refused.append(
                (
                    duration,
                    f"a cut of {float(duration):g} s cannot be filled: {float(have):.1f} s are "
                    f"usable, {float(duration - have):.1f} s are missing",
                )
            )
            continue
        cut_id = f"{ROUND}-{number + 1:02d}"
        if kind == "testimonial":
            ideas.append(_testimonial(cut_id, number, duration, brief, talk, ideas, notes))
        else:
            ideas.append(_montage(cut_id, number, duration, brief, show, ideas, notes, bool(lines)))
    return ideas, refused


def _best(duration: Fraction | int, talk: Material, show: Material) -> str | None:
    """The recipe that fits: testimonial where enough is said, else montage, else none."""
    duration = Fraction(duration)
    needs = recipe("testimonial").needs
    speech = sum((Fraction(s.frames) / talk.fps for s in talk.spoken.values()), Fraction(0))
    room = duration - of_length(recipe("testimonial").tail, duration)
    fits = any(Fraction(s.frames) / talk.fps <= room for s in talk.spoken.values())
    enough = speech >= duration * Fraction(str(needs["speech_share"]))
    if fits and enough and len(talk.spoken) >= needs["lines"] and talk.seconds >= duration:
        return "testimonial"
    return "montage" if show.seconds >= duration and duration > 0 else None


def _coverage(text: str, messages: Sequence[str]) -> float:
    """How well a line says one of the key messages, 0..1."""
    return (
        max((fuzz.token_set_ratio(text, m, processor=str.lower) for m in messages), default=0) / 100
    )


def _script_place(text: str, script: Sequence[str]) -> int:
    """Number of the script's line that is said; after all of them where none matches."""
    scores = [fuzz.ratio(text.lower(), s.lower()) for s in script]
    best = max(scores, default=0)
    return scores.index(best) if best >= 75 else len(scores)


def _cta_group(brief: Brief, spoken: dict[str, Spoken]) -> str:
    """The line that says the call to action: by its words, else the script's last line."""
    wanted = brief.call_to_action.lower()
    scored = [
        (fuzz.partial_ratio(wanted, s.line.text.lower()) if wanted else 0, g)
        for g, s in sorted(spoken.items())
    ]
    best = max(scored, default=(0.0, ""))
    if best[0] >= CTA_MATCH:
        return best[1]
    script = brief.script_lines
    last = [
        g
        for g, s in sorted(spoken.items())
        if _script_place(s.line.text, script) == len(script) - 1
    ]
    return last[0] if script and last else ""


def _testimonial(
    cut_id: str,
    number: int,
    duration: Fraction,
    brief: Brief,
    have: Material,
    earlier: Sequence[Idea],
    notes: list[str],
) -> Idea:
    way = recipe("testimonial")
    room = floor((duration - of_length(way.tail, duration)) * have.fps)
    heard = [b.line_group for i in earlier for b in i.beats if b.kind == "hook"]
    cta = _cta_group(brief, have.spoken)
    must = _must_groups(brief, have.spoken, notes)
    if cta and have.spoken[cta].frames > room:
        cta = ""
    left = room - (have.spoken[cta].frames if cta else 0)
    # the line that says what this cut's title says, and not what another cut began with
    title = on_screen(brief, number, "", [i.hook for i in earlier]) if brief.hooks else ""
    hooks = [
        (
            hook_score(s.line.text, float(s.frames / have.fps))
            + TITLE_FITS * (fuzz.token_set_ratio(title, s.line.text, processor=str.lower) / 100)
            - 2 * (g in heard),
            s.score,
            g,
        )
        for g, s in sorted(have.spoken.items())
        if g != cta and s.frames <= left
    ]
    hook = max(hooks)[2] if hooks else ""
    if hook:
        left -= have.spoken[hook].frames
    elif not cta:
        cta = min(have.spoken, key=lambda g: (have.spoken[g].frames, g))
    values = {
        g: _worth(s, brief.key_messages) + (10.0 if g in must else 0.0)
        for g, s in have.spoken.items()
        if g not in (hook, cta)
    }
    body = _fill(values, {g: have.spoken[g].frames for g in values}, left)
    unheard = [g for g in must if g not in (*body, hook, cta)]
    notes += [f"no room for {have.spoken[g].line.text!r}, which must be said" for g in unheard]
    script = brief.script_lines
    body.sort(
        key=lambda g: (
            _script_place(have.spoken[g].line.text, script),
            have.spoken[g].line.clip_id if not script else "",
            have.spoken[g].start,
            g,
        )
    )
    order = [("hook", hook)] * bool(hook) + [("body", g) for g in body] + [("cta", cta)] * bool(cta)
    beats = tuple(
        Beat(
            kind,
            have.spoken[g].line.text,
            g,
            have.spoken[g].line.text,
            Fraction(have.spoken[g].frames) / have.fps,
        )
        for kind, g in order
    )
    text = have.spoken[hook].line.text if hook else ""
    title = on_screen(brief, number, text, [i.hook for i in earlier])
    score = hook_score(text, float(have.spoken[hook].frames / have.fps)) if hook else 0.0
    said = [b.text for b in beats]
    missing = [m for m in brief.key_messages if _coverage(m, said) < 0.6]
    if missing and duration >= 15:
        notes.append("not said in this cut: " + "; ".join(missing))
    return Idea(
        cut_id,
        ROUND,
        "testimonial",
        brief.title,
        title,
        score,
        duration,
        beats,
        brief.call_to_action,
        _upload_text(brief, title or text),
        brief.hashtags,
        tuple(f"{b.kind}: speaker says {b.text!r}; pictures of it over the line" for b in beats),
        tuple(notes),
    )


def _worth(spoken: Spoken, messages: Sequence[str]) -> float:
    """What a line adds to a story: how well it says a key message (earlier ones matter more), and
    a little how well it was filmed."""
    matches = [_coverage(spoken.line.text, [m]) * 0.9**place for place, m in enumerate(messages)]
    return 0.3 * spoken.score + max(matches, default=0.5) ** 2


def _must_groups(brief: Brief, spoken: dict[str, Spoken], notes: list[str]) -> list[str]:
    found = []
    for sentence in brief.must_say:
        scored = [
            (fuzz.ratio(sentence.lower(), s.line.text.lower()), g)
            for g, s in sorted(spoken.items())
        ]
        best = max(scored, default=(0.0, ""))
        if best[0] >= 80:
            found.append(best[1])
        else:
            notes.append(f"nobody says {sentence!r}, which must be said")
    return found


def _fill(values: dict[str, float], lengths: dict[str, int], room: int) -> list[str]:
    """The choice of most value that fits into `room` frames (0/1 knapsack, exact)."""
    names = sorted(values)
    best: list[tuple[float, tuple[str, ...]]] = [(0.0, ())] * (room + 1)
    for name in names:
        size = lengths[name]
        for have in range(room, size - 1, -1):
            value = best[have - size][0] + values[name]
            if value > best[have][0] + 1e-9:
                best[have] = (value, (*best[have - size][1], name))
    return list(best[room][1]) if room >= 0 else []


def _montage(
    cut_id: str,
    number: int,
    duration: Fraction,
    brief: Brief,
    have: Material,
    earlier: Sequence[Idea],
    notes: list[str],
    speech: bool,
) -> Idea:
    if speech:
        notes.append("what is spoken is not sure enough to be used; the pictures tell it")
    notes += [f"nobody says {s!r}, which must be said" for s in brief.must_say]
    topics = list(brief.key_messages) or [brief.title]
    pace = of_length(recipe("montage").pace, duration)
    count = max(1, floor(duration / pace) - 2)
    beats = [Beat("hook", topics[0], "", topics[0], pace)]
    beats += [
        Beat("body", topics[n % len(topics)], "", topics[n % len(topics)], pace)
        for n in range(count)
    ]
    beats.append(Beat("cta", brief.call_to_action, "", brief.call_to_action or brief.title))
    title = on_screen(brief, number, "", [i.hook for i in earlier])
    most = max(have.pictures, key=lambda p: (p.motion, p.shot.shot_id), default=None)
    return Idea(
        cut_id,
        ROUND,
        "montage",
        brief.title,
        title,
        round(min(1.0, 0.3 + (most.motion if most else 0.0)), 4),
        duration,
        tuple(beats),
        brief.call_to_action,
        _upload_text(brief, title or brief.title),
        brief.hashtags,
        tuple(f"{b.kind}: {b.text}" for b in beats if b.text),
        tuple(notes),
    )


def _upload_text(brief: Brief, first: str) -> str:
    """What goes beside the upload, at most 220 characters with the hashtags."""
    tags = " ".join(t if t.startswith("#") else f"#{t}" for t in brief.hashtags)
    text = first
    for more in (*brief.key_messages, brief.call_to_action):
        longer = f"{text} {more}".strip() if text[-1:] in ".?!" else f"{text}. {more}".strip(". ")
        if more and len(longer) + len(tags) + 1 <= UPLOAD_LENGTH:
            text = longer
    return f"{text} {tags}".strip()[:UPLOAD_LENGTH]
