"""Defects of the cut: rows 1 to 5 of CRAFT.md 8, and those that only the truth shows."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from benchmarks.clean_cuts import Scarce, Spoken, edges_of, laid_out, rate_of
from benchmarks.planted.bench import Bench, plants
from benchmarks.planted.materials import Library
from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.truth import Defect, TrueClip, TrueLine
from video_assets.foundation.records import PictureCut, SoundCut, Timeline, Word


def _last(bench: Bench) -> tuple[SoundCut, list[Word]]:
    """The last dialogue, with the library's words that are heard whole in it."""
    last = max((c for c in bench.line.sound if c.track == "A1"), key=lambda c: c.start)
    end = last.source_start + last.duration
    words = bench.library.tables.words.get(last.clip_id, ())
    return last, [w for w in words if last.source_start <= w.start and w.end <= end]


def _with(line: Timeline, old: SoundCut, new: SoundCut) -> Timeline:
    return replace(line, sound=tuple(new if s is old else s for s in line.sound))


def _first_word(bench: Bench, cut: SoundCut) -> Word | None:
    words = bench.library.tables.words.get(cut.clip_id, ())
    return next((w for w in words if w.start >= cut.source_start), None)


@plants(1, "no_word_is_cut", needs="speech")
def cut_inside_a_word(bench: Bench) -> Case | None:
    """Dialogue ends inside a word that goes on."""
    last, words = _last(bench)
    inside = [w for w in words[len(words) // 2 :] if w.end - w.start > Fraction(1, 5)]
    if not inside:
        return None
    word = inside[-1]
    deep = Fraction(bench.sized(20, "ms inside", 1.3, 4.5) / 1000)
    end = word.start + deep if bench.rng.random() < 0.5 else word.end - deep
    short = end - last.source_start
    line = _with(bench.line, last, replace(last, duration=short))
    spoken = tuple(w for w in line.words if w.end <= last.start + short)
    return bench.redone(replace(line, words=spoken))


@plants(1, "no_word_is_cut", "cuts_lie_in_gaps", needs="speech")
def word_without_its_end(bench: Bench) -> Case | None:
    """Dialogue ends 60 to 100 ms before its last word does."""
    last, words = _last(bench)
    if not words:
        return None
    gone = bench.rng.uniform(60, 100)
    bench.told(gone / 40, f"{gone:.0f} ms")
    end = words[-1].end - Fraction(gone / 1000)
    return bench.redone(_with(bench.line, last, replace(last, duration=end - last.source_start)))


@plants(1, "cuts_lie_in_gaps", needs="speech")
def word_without_its_beginning(bench: Bench) -> Case | None:
    """Dialogue begins inside its first word, more than 40 ms from the pause before it."""
    long = [
        (cut, word)
        for cut in bench.line.sound
        if cut.track == "A1" and (word := _first_word(bench, cut)) is not None
        and word.end - word.start > Fraction(3, 25)
    ]  # fmt: skip
    if not long:
        return None
    first, word = bench.rng.choice(long)
    most = float(word.end - word.start) / 2.1 / 0.04
    gone = bench.sized(40, "ms", 1.25, min(4.0, most)) / 1000
    away = word.start + Fraction(gone) - first.source_start
    later = replace(
        first, start=first.start + away, duration=first.duration - away,
        source_start=first.source_start + away,
    )  # fmt: skip
    return bench.redone(_with(bench.line, first, later))


@plants(3, "nothing_is_said_twice", needs="takes")
def said_twice(bench: Bench) -> Case | None:
    """Another take of a line that is in the cut already."""
    lib = bench.library
    for one in bench.laid.said:
        own = lib.line_at(one.clip.path, one.line.start)
        if own is None or not own.group:
            continue
        for other in _lines(bench):
            known = lib.line_at(other.clip.path, other.line.start)
            if known and known.group == own.group and known.line_id != own.line_id:
                return _instead(bench, [one, other])
    return None


def _lines(bench: Bench) -> Iterator[Spoken]:
    """Every line of every camera that was cut out of its clip, good or bad, in any order."""
    lib = bench.library
    clips = [c for c in lib.clips() if c.kind == "interview" and Fraction(c.fps) == rate_of(lib)]
    bench.rng.shuffle(clips)
    for clip in clips:
        for line in clip.lines:
            edges = edges_of(lib, clip, line) or _tight(lib, line)
            if edges[0] >= 0 and lib.shot_at(clip.path, *edges):
                yield Spoken(clip, line, *edges)


def _tight(lib: Library, line: TrueLine) -> tuple[Fraction, Fraction]:
    """A line without its pauses, on frames."""
    fps = rate_of(lib)
    start = Fraction(round((line.start - 0.06) * fps)) / fps
    return start, Fraction(round((line.end + 0.06) * fps)) / fps


def _instead(bench: Bench, said: list[Spoken]) -> Case | None:
    """A cutdown of other sentences, where they can be shown."""
    try:
        laid = laid_out(bench.library, said, bench.rng, bench.line.cut_id, free=True)
    except Scarce:
        return None
    return bench.redone(laid.timeline, idea=laid.idea, brief=laid.brief)


@plants(3, "no_slip_is_left")
def fillers_left_in(bench: Bench) -> Case | None:
    """A line with an um in it."""
    for one in _lines(bench):
        own = [w for w in one.clip.words if one.start <= w.start and w.end <= one.end]
        if one.line.complete and any(w.kind == "filler" for w in own):
            return _instead(bench, [one])
    return None


@plants(3, "nothing_leaks")
def false_start_left_in(bench: Bench) -> Case | None:
    """A take in which somebody begins again, or breaks off."""
    for one in _lines(bench):
        own = [w for w in one.clip.words if one.start <= w.start and w.end <= one.end]
        if not one.line.complete or any(w.kind == "false_start" for w in own):
            return _instead(bench, [one])
    return None


@plants(2, "takes_are_the_best", needs="speech")
def worse_take(bench: Bench) -> Case | None:
    """A whole take that is not the best of its line."""
    for one in _lines(bench):
        if one.line.complete and not one.line.best:
            return _instead(bench, [one])
    return None


@plants(2, "vetoed_takes_stay_out")
def clipped_take(bench: Bench) -> Case | None:
    """A take whose sound was clipped when it was recorded."""
    for one in _lines(bench):
        hurt = [d for d in one.clip.defects if d.kind == "clipping"]
        if any(d.start <= one.line.start and d.end >= one.line.end for d in hurt):
            return _instead(bench, [one])
    return None


@plants(4, "nothing_is_shown_twice")
def shown_twice(bench: Bench) -> Case | None:
    line = bench.line
    card = max(line.picture, key=lambda c: c.end)
    least, most = round(line.fps * Fraction(2, 5)), min(card.frames, bench.free()) - 2
    if most < least:
        return None
    length = bench.rng.randint(least, most)
    bench.note.size = f"{length} frames"
    again = replace(card, track="V2", start=1, frames=length)
    return bench.redone(replace(line, picture=(*line.picture, again)))


@plants(5, "jump_cuts_are_covered", needs="long")
def bare_jump_cut(bench: Bench) -> Case | None:
    """A sentence whose middle is taken out, with nothing over the join."""
    line = bench.line
    story = [c for c in line.picture if c.track == "V1" and c.frames >= 2.4 * line.fps]
    sounds = [c for c in line.sound if c.track == "A1"]
    pairs = [
        (p, s) for p in story for s in sounds
        if s.start * line.fps == p.start and s.duration * line.fps == p.frames
    ]  # fmt: skip
    if not pairs:
        return None
    seen, heard = pairs[0]
    away = round(bench.rng.uniform(0.2, 0.8) * line.fps)
    bench.note.size = f"{away} frames"
    half = (seen.frames - away) // 2
    gone, first = away / line.fps, half / line.fps
    card = max(line.picture, key=lambda c: c.end)
    end = seen.frames - away
    picture = (
        replace(seen, start=0, frames=half),
        replace(seen, start=half, frames=end - half, source_start=seen.source_start + first + gone),
        replace(card, start=end),
    )
    sound = (
        replace(heard, start=Fraction(0), duration=first),
        replace(
            heard, start=first, duration=heard.duration - first - gone,
            source_start=heard.source_start + first + gone,
        ),
    )  # fmt: skip
    titles = tuple(replace(t, start=end) for t in line.titles if t.kind == "end_card")
    return bench.redone(
        replace(
            line, frames=end + card.frames, picture=picture, sound=sound, words=(), titles=titles,
        )
    )  # fmt: skip


def _over(bench: Bench, clip: TrueClip, start: float, end: float) -> PictureCut | None:
    """A look at a span of a clip over the beginning of the cutdown; None where it has no room."""
    lib, line = bench.library, bench.line
    row = lib.tables.rows.get(clip.path)
    own = Fraction(clip.fps or 0)
    frames = min(round(line.fps * Fraction(6, 5)), bench.free() - 3, int((end - start) * line.fps))
    if row is None or not own or frames < 0.7 * line.fps:
        return None
    first = line.picture[0]
    for at in (start, (start + end - float(frames / line.fps)) / 2):
        begins = Fraction(round(at * own)) / own
        shot = lib.shot_at(clip.path, begins, begins + frames / line.fps)
        if shot is not None and begins >= 0:
            return replace(
                first, track="V2", start=2, frames=frames, clip_id=row.clip_id, scale=1.0,
                shot_id=shot.shot_id, path=clip.path, source_start=begins, focus=(0.5, 0.5),
                face=(0.0, 0.0, 0.0, 0.0),
            )  # fmt: skip
    return None


def _flawed(bench: Bench, kind: str) -> Case | None:
    """A picture with a planted flaw of the material, over the beginning."""
    lib = bench.library
    used = {c.path for c in bench.line.picture}
    flawed: list[tuple[TrueClip, Defect]] = [
        (c, d) for c in lib.clips() for d in c.defects
        if d.kind == kind and c.fps and not c.cuts and c.path not in used
    ]  # fmt: skip
    bench.rng.shuffle(flawed)
    for clip, flaw in flawed:
        look = _over(bench, clip, flaw.start + 0.1, min(flaw.end, clip.duration) - 0.1)
        if look is not None:
            bench.note.size = f"{clip.path} from {float(look.source_start):.2f} s"
            return bench.redone(replace(bench.line, picture=(*bench.line.picture, look)))
    return None


@plants(2, "vetoed_takes_stay_out", needs="speech")
def blurred_picture(bench: Bench) -> Case | None:
    return _flawed(bench, "blur")


@plants(2, "vetoed_takes_stay_out", needs="speech")
def shaken_picture(bench: Bench) -> Case | None:
    return _flawed(bench, "shake")


@plants(2, "vetoed_takes_stay_out", needs="speech")
def flickering_picture(bench: Bench) -> Case | None:
    return _flawed(bench, "flicker")


@plants(2, "vetoed_takes_stay_out", needs="speech")
def overexposed_picture(bench: Bench) -> Case | None:
    return _flawed(bench, "overexposed")


@plants(2, "no_flawed_span_is_used", needs="speech")
def boom_in_the_picture(bench: Bench) -> Case | None:
    """Only the truth's measure looks for booms: no gate of the write path does."""
    return _flawed(bench, "boom")


@plants(14, "content_is_as_asked", needs="speech")
def rival_shown(bench: Bench) -> Case | None:
    """A picture of what must not be shown."""
    lib = bench.library
    for clip in lib.clips():
        if clip.kind == "broll" and lib.banned & set(clip.tags):
            look = _over(bench, clip, 0.2, clip.duration - 0.2)
            if look is not None:
                return bench.redone(replace(bench.line, picture=(*bench.line.picture, look)))
    return None


@plants(9, "sound_is_where_it_was", needs="moment")
def other_camera_out_of_sync(bench: Bench) -> Case | None:
    """The sound of another device, placed beside the moment that is seen."""
    seen = {c.start / bench.fps: c.path for c in bench.line.picture if c.track == "V1"}
    for cut in bench.line.sound:
        if cut.track == "A1" and seen.get(cut.start, cut.path) != cut.path:
            off = Fraction(bench.sized(20, "ms", 1.25, 4.0) / 1000) * bench.rng.choice((-1, 1))
            moved = replace(cut, source_start=cut.source_start + off)
            said = tuple(
                replace(w, start=w.start - off, end=w.end - off)
                if cut.start <= w.start < cut.start + cut.duration
                else w
                for w in bench.line.words
            )
            return bench.redone(replace(_with(bench.line, cut, moved), words=said))
    return None
