"""Do captions say what is heard, when it is heard.

What is heard is found again here: the library's words below the dialogue of the timeline, moved by
plain arithmetic. Cue files are read by a parser of their own.
"""

from collections.abc import Sequence
from fractions import Fraction

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import (
    Cue,
    Heard,
    at_second,
    cues_of,
    edges_of,
    heard,
)
from video_assets.delivery.inspections.normal import bare
from video_assets.finishing import formats
from video_assets.foundation.records import CaptionWord, Finding

MOST_OFF = Fraction(17, 1000)
"""Seconds that a caption may be away from its word: half a frame at 30 fps (CRAFT 7, 8 row 6)."""
ROUNDED = Fraction(1, 2000)
"""Seconds that cue files may round: they count milliseconds."""
SURE = 0.6
"""Confidence below which a word that no person wrote is not shown (DESIGN rule 13)."""
MOST_HEARD = 6
"""Words in which a name may be heard."""
NEAR_CUT = 2
"""Frames from a cut within which a caption moves onto it (CRAFT 1.6)."""
SHOWN = 5
"""Findings of one kind that are told one by one."""


def captions_follow_the_words(case: Case) -> Outcome:
    """Captions hold exactly the words that are heard, in order, each when it is heard.

    CRAFT 8 row 6: at most 17 ms between a caption's word and the library's word moved through the
    dialogue's cuts; 0 differences of text between word list, SRT, VTT and what is burned in, the
    brief's own spellings aside. Words under the end card are in the list and not burned in.
    """
    name = "captions_follow_the_words"
    timeline, texts = case.timeline, case.texts
    spoken = heard(case)
    cues = {"SRT": cues_of(texts.srt), "VTT": cues_of(texts.vtt)}
    burned = list(texts.burned) if case.aspect in formats.BURNED else []
    why = timeline.captions_note or ("the brief turns them off" * (case.brief.captions == "off"))
    if why or not timeline.words:
        return _uncaptioned(name, case, spoken, why, bool(burned or any(cues.values())))
    pairs, missing, strange, mended = _matched(case, timeline.words, spoken)
    found = [
        Finding(name, f"{text!r} is heard and is not in the captions", text, "0", at_second(start))
        for text, start in missing
    ]
    found += [
        Finding(
            name,
            f"the captions say {text!r}, which is not heard there",
            text,
            "0",
            at_second(start),
        )
        for text, start in strange
    ]
    off = [(abs(own.start - one.start), own, one) for own, one in pairs]
    found += [
        Finding(
            name,
            f"the caption's {own.text!r} is {_ms(own.start - one.start):+.0f} ms from its word",
            f"{_ms(away):.1f} ms",
            f"{_ms(MOST_OFF):.0f} ms",
            at_second(one.start),
        )
        for away, own, one in off
        if away > MOST_OFF
    ][:SHOWN]
    found += [
        Finding(name, f"{w.text!r} is shown, sure to {w.confidence:.0%} only", "", f"{SURE}")
        for w in timeline.words
        if w.confidence < SURE
    ][:SHOWN]
    listed = [w.text for w in timeline.words]
    differences = len(missing) + len(strange)
    worst = max((away for away, _, _ in off), default=Fraction(0))
    drift = Fraction(0)
    for kind, own_cues in cues.items():
        problems, away, last = _cues_against(name, kind, own_cues, case)
        found += problems[:SHOWN]
        differences += sum(p.limit == "0" for p in problems)
        worst, drift = max(worst, away), max(drift, last, key=abs)
    if case.aspect in formats.BURNED:
        told = [w for chunk in burned for w in chunk.text.split()]
        if told != _split(listed):
            found.append(_text_differs(name, "what is burned in", told, _split(listed)))
            differences += 1
        found += _chunks_off(name, case)[:SHOWN]
    figures = {
        "off_max_ms": _ms(worst),
        "off_last_cue_ms": _ms(drift),
        "text_differences": differences,
        "words": len(timeline.words),
        "corrected": mended,
    }
    return Outcome(figures, tuple(found))


def _uncaptioned(
    name: str, case: Case, spoken: Sequence[Heard], why: str, captions: bool
) -> Outcome:
    """There should be none, or there is a reason."""
    figures = {"off_max_ms": 0.0, "text_differences": 0, "words": 0, "spoken": len(spoken)}
    if captions:
        what = f"there are captions although {why or 'the timeline has no words'}"
        return Outcome(figures, (Finding(name, what, "", "none"),))
    if spoken and not why:
        what = f"{len(spoken)} words are heard, and there are no captions and no reason for that"
        return Outcome(figures, (Finding(name, what, "0", str(len(spoken))),))
    return Outcome(figures, note=why or "nobody speaks", measured=False)


def _matched(
    case: Case, words: Sequence[CaptionWord], spoken: Sequence[Heard]
) -> tuple[
    list[tuple[CaptionWord, Heard]], list[tuple[str, Fraction]], list[tuple[str, Fraction]], int
]:
    """(caption word with the heard one, what is missing, what is strange, words corrected)."""
    from difflib import SequenceMatcher

    mine, theirs = [w.text for w in words], [s.word.text for s in spoken]
    pairs: list[tuple[CaptionWord, Heard]] = []
    missing: list[tuple[str, Fraction]] = []
    strange: list[tuple[str, Fraction]] = []
    mended = 0
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pairs += zip(words[a:b], spoken[c:d], strict=True)
        elif (corrected := _corrected(case, mine[a:b], theirs[c:d])) is not None:
            pairs += [(words[a + m], spoken[c + n]) for m, n in corrected]
            mended += len(corrected)
        else:
            missing += [(s.word.text, s.start) for s in spoken[c:d]]
            strange += [(w.text, w.start) for w in words[a:b]]
    return pairs, missing, strange, mended


def _corrected(
    case: Case, mine: Sequence[str], theirs: Sequence[str]
) -> list[tuple[int, int]] | None:
    """Where the words of one of the brief's own spellings and what was heard for it begin.

    Several may stand side by side. None where anything else is written than what was heard.
    """
    if not mine and not theirs:
        return []
    for many in range(1, len(mine) + 1):
        for heard_as in range(1, min(MOST_HEARD, len(theirs)) + 1):
            if _is_correction(case, mine[:many], theirs[:heard_as]):
                rest = _corrected(case, mine[many:], theirs[heard_as:])
                if rest is not None:
                    return [(0, 0), *((m + many, n + heard_as) for m, n in rest)]
    return None


def _is_correction(case: Case, mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether the captions write one of the brief's own words instead of what was heard for it."""
    written, owned = _owner(" ".join(mine).strip(".,;:!?\"'()"))
    said, also = _owner(bare(" ".join(theirs)))
    return owned == also and any(
        written == one.word and said in {bare(i) for i in (*one.instead_of, one.word)}
        for one in case.brief.glossary
    )


def _owner(text: str) -> tuple[str, bool]:
    """A name without its possessive, and whether it had one."""
    name = text.replace("’", "'").removesuffix("'s")
    return name, len(name) < len(text)


def _split(texts: Sequence[str]) -> list[str]:
    return [part for text in texts for part in text.split()]


def _cues_against(
    name: str, kind: str, cues: Sequence[Cue], case: Case
) -> tuple[list[Finding], Fraction, Fraction]:
    """(findings, largest difference, difference of the last cue) of a cue file to the word list.

    A cue that was moved onto a picture cut beside it has none.
    """
    timeline = case.timeline
    edges = edges_of(case)
    near = NEAR_CUT / timeline.fps + ROUNDED
    told = [w for cue in cues for w in cue.words]
    # an arrow in a text is written otherwise: it would end a cue file's head
    listed = _split(
        [w.text.replace("-->", "->") if kind == "SRT" else w.text for w in timeline.words]
    )
    if told != listed:
        return [_text_differs(name, f"the {kind} file", told, listed)], Fraction(0), Fraction(0)
    starts = [w.start for w in timeline.words for _ in w.text.split()]
    found = []
    worst = last = Fraction(0)
    at = 0
    for cue in cues:
        for n, stamp in enumerate(cue.stamps):
            if n and stamp == cue.start:
                continue  # no time of its own
            away = stamp - starts[at + n]
            if n == 0 and abs(away) < near and any(abs(e - stamp) <= ROUNDED for e in edges):
                continue
            worst = max(worst, abs(away) - ROUNDED)
            last = away if n == 0 else last
            if abs(away) > MOST_OFF + ROUNDED:
                what = f"{kind}: {cue.words[n]!r} is {_ms(away):+.0f} ms from its word"
                limit = f"{_ms(MOST_OFF):.0f} ms"
                found.append(
                    Finding(name, what, f"{_ms(abs(away)):.1f} ms", limit, at_second(stamp))
                )
        at += len(cue.words)
    return found, max(worst, Fraction(0)), last


def _text_differs(name: str, where: str, told: Sequence[str], listed: Sequence[str]) -> Finding:
    at = next((n for n, (a, b) in enumerate(zip(told, listed, strict=False)) if a != b), None)
    at = min(len(told), len(listed)) if at is None else at
    one = " ".join(told[at : at + 3]) or "nothing"
    two = " ".join(listed[at : at + 3]) or "nothing"
    what = f"{where} says {one!r} where the words are {two!r}"
    return Finding(name, what, one, "0", f"word {at + 1}")


def _chunks_off(name: str, case: Case) -> list[Finding]:
    """Burned chunks that begin elsewhere than their first word and not on a cut beside it."""
    timeline = case.timeline
    starts = [w.start for w in timeline.words for _ in w.text.split()]
    edges = edges_of(case)
    found = []
    at = 0
    for chunk in case.texts.burned:
        if at >= len(starts):
            break
        away = chunk.start - starts[at]
        moved = abs(away) < NEAR_CUT / timeline.fps and chunk.start in edges
        if abs(away) > Fraction(1, 2) / timeline.fps and not moved:
            what = f"the chunk {chunk.text!r} is {_ms(away):+.0f} ms from its first word"
            limit = f"{_ms(Fraction(1, 2) / timeline.fps):.0f} ms"
            figure = f"{_ms(abs(away)):.1f} ms"
            found.append(Finding(name, what, figure, limit, at_second(chunk.start)))
        at += len(chunk.text.split())
    return found


def _ms(seconds: Fraction) -> float:
    return float(seconds * 1000)
