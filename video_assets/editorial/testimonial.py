"""Somebody speaks: their best lines, hook first, call to action last."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from rapidfuzz import fuzz

from video_assets.editorial.brief import Brief
from video_assets.editorial.hooks import hook_score, on_screen
from video_assets.editorial.lines import Spoken
from video_assets.editorial.material import Material
from video_assets.editorial.recipes import of_length, recipe
from video_assets.editorial.telling import (
    LEARNED,
    Round,
    coverage,
    title_of,
    traits_of,
    upload_text,
)
from video_assets.editorial.traits import hook_style, subject_of
from video_assets.foundation.records import Beat, Idea

CTA_MATCH = 62
"""partial_ratio from which a line counts as saying the call to action."""
TITLE_FITS = 0.5
"""How much a hook gains by saying what the title on screen says."""
SAID_BEFORE = 1.0
"""What a hook loses that an earlier round began with: a new round says something else."""


def testimonial(
    this: Round,
    number: int,
    duration: Fraction,
    brief: Brief,
    have: Material,
    notes: list[str],
    moved: list[str],
) -> Idea:
    way = recipe("testimonial")
    room = floor((duration - of_length(way.tail, duration)) * have.fps)
    cta = _cta_group(brief, have.spoken)
    must = _must_groups(brief, have.spoken, notes)
    if cta and have.spoken[cta].frames > room:
        cta = ""
    left = room - (have.spoken[cta].frames if cta else 0)
    # the line that says what this cut's title says, and not what another cut began with
    title = title_of(this, number, brief, "", moved) if brief.hooks else ""
    can_begin = [g for g, s in sorted(have.spoken.items()) if g != cta and s.frames <= left]
    hook = _hook(this, can_begin, title, brief, have, moved)
    if hook:
        left -= have.spoken[hook].frames
    elif not cta:
        cta = min(have.spoken, key=lambda g: (have.spoken[g].frames, g))
    others = {g: s for g, s in have.spoken.items() if g not in (hook, cta)}
    plain = {
        g: _worth(s, brief.key_messages) + (10.0 if g in must else 0.0) for g, s in others.items()
    }
    about = {g: subject_of(s.line.text, brief.key_messages) for g, s in others.items()}
    pulled = {g: v + LEARNED * this.learned.pull("subject", about[g]) for g, v in plain.items()}
    lengths = {g: s.frames for g, s in others.items()}
    body = _fill(pulled, lengths, left)
    if this.learned and (gained := set(body) - set(_fill(plain, lengths, left))):
        first = min(gained)
        moved.append(
            f"says {others[first].line.text!r}: {this.learned.name('subject', about[first])}"
        )
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
    title = title or on_screen(brief, number, text, this.used_titles())
    score = hook_score(text, float(have.spoken[hook].frames / have.fps)) if hook else 0.0
    said = [b.text for b in beats]
    missing = [m for m in brief.key_messages if coverage(m, said) < 0.6]
    if missing and duration >= 15:
        notes.append("not said in this cut: " + "; ".join(missing))
    return Idea(
        this.cut_id(number),
        this.name,
        "testimonial",
        brief.title,
        title,
        score,
        duration,
        beats,
        brief.call_to_action,
        upload_text(brief, title or text),
        brief.hashtags,
        tuple(f"{b.kind}: speaker says {b.text!r}; pictures of it over the line" for b in beats),
        tuple(notes),
        traits_of("testimonial", text or title, duration, brief),
        tuple(moved),
    )


def _hook(
    this: Round,
    groups: Sequence[str],
    title: str,
    brief: Brief,
    have: Material,
    moved: list[str],
) -> str:
    """The line that a cut begins with; empty where none fits."""
    heard = {b.line_group for i in this.ideas for b in i.beats if b.kind == "hook"}
    before = this.hooks_before()

    def score(group: str, weight: float) -> tuple[float, float, str]:
        spoken = have.spoken[group]
        text = spoken.line.text
        agrees = fuzz.token_set_ratio(title, text, processor=str.lower) / 100
        pull = this.learned.pull("hook", hook_style(text))
        pull += this.learned.pull("subject", subject_of(text, brief.key_messages))
        value = hook_score(text, float(spoken.frames / have.fps)) + TITLE_FITS * agrees
        value += weight * pull - 2 * (group in heard) - SAID_BEFORE * (text in before)
        return value, spoken.score, group

    if not groups:
        return ""
    best = max(groups, key=lambda g: score(g, LEARNED))
    plain = max(groups, key=lambda g: score(g, 0.0))
    if best != plain:
        one, other = (have.spoken[g].line.text for g in (best, plain))
        why = this.learned.told("hook", hook_style(one), hook_style(other))
        about = subject_of(one, brief.key_messages)
        why = why or this.learned.told("subject", about, subject_of(other, brief.key_messages))
        moved.append(f"begins with {one!r} instead of {other!r}: {why}")
    return best


def _worth(spoken: Spoken, messages: Sequence[str]) -> float:
    """What a line adds to a story: how well it says a key message (earlier ones matter more), and
    a little how well it was filmed."""
    matches = [coverage(spoken.line.text, [m]) * 0.9**place for place, m in enumerate(messages)]
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
