"""Defects of what is written: rows 6 and 7 of CRAFT.md 8, and the words and cards of row 14."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from unittest import mock

from benchmarks.planted.bench import Bench, plants
from video_assets.delivery.inspections.case import Case
from video_assets.finishing import formats
from video_assets.foundation.records import Beat, Timeline


def _moved(line: Timeline, by: Fraction) -> Timeline:
    """The timeline with every word later by so many seconds, none before the beginning."""
    by = max(by, -min((w.start for w in line.words), default=Fraction(0)))
    return replace(
        line, words=tuple(replace(w, start=w.start + by, end=w.end + by) for w in line.words)
    )


def _word(bench: Bench, text: str, number: int) -> Timeline:
    """The timeline with another word in its captions."""
    words = list(bench.line.words)
    words[number] = replace(words[number], text=text)
    return replace(bench.line, words=tuple(words))


@plants(6, "captions_come_and_go_on_time", needs="speech burned")
def burned_late(bench: Bench) -> Case | None:
    """What is drawn comes and goes some frames beside its time."""
    frames = bench.rng.choice((1, 1, 2, 3, 4, 5))
    late = frames / bench.fps * bench.rng.choice((-1, 1))
    moved = _moved(bench.line, late)
    if moved.words[0].start == bench.line.words[0].start:
        return None
    way = "late" if late > 0 else "early"
    bench.told(frames + 0.2, f"{frames} frames {way}, none is allowed")
    return bench.other_file(moved)


@plants(6, "captions_meet_their_words", needs="speech")
def words_late(bench: Bench) -> Case | None:
    """Every caption, in the picture and beside it, is off what is heard."""
    late = Fraction(round(bench.sized(80, "ms late")), 1000)
    return bench.redone(_moved(bench.line, late))


@plants(6, "captions_follow_the_words", needs="speech")
def srt_late(bench: Bench) -> Case | None:
    """The caption files are off what is drawn and heard."""
    late = Fraction(round(bench.sized(17, "ms late", 1.25, 5.0)), 1000)
    other = bench.clean.case(timeline=_moved(bench.line, late))
    return bench.clean.case(texts={"srt": other.texts.srt, "vtt": other.texts.vtt})


@plants(6, "captions_follow_the_words", needs="speech")
def another_word(bench: Bench) -> Case | None:
    """The captions say a word that nobody said, or lack one."""
    words = bench.line.words
    number = bench.rng.randrange(len(words))
    if len(words) > 2 and bench.rng.random() < 0.4:
        bench.note.size = f"without {words[number].text!r}"
        return bench.redone(replace(bench.line, words=words[:number] + words[number + 1 :]))
    bench.note.size = f"'elephants' for {words[number].text!r}"
    return bench.redone(_word(bench, "elephants", number))


@plants(6, "captions_follow_the_words", needs="speech")
def no_captions(bench: Bench) -> Case | None:
    """Somebody speaks, the brief wants captions, and there are none."""
    return bench.redone(replace(bench.line, words=()))


@plants(6, "captions_can_be_read", needs="speech")
def a_line_too_long(bench: Bench) -> Case | None:
    """The words of the first cues stand in one line."""
    spoken = " ".join(w.text for w in bench.line.words).split()
    least = 42 * bench.times(1.05, 2.0)
    text = next((t for n in range(len(spoken)) if len(t := " ".join(spoken[: n + 1])) >= least), "")
    blocks = bench.clean.case().texts.srt.strip().split("\n\n")
    if not text or not blocks[0]:
        return None
    bench.told(len(text) / 42, f"{len(text)} characters, at most 42 are allowed")
    return bench.clean.case(texts={"srt": "\n".join([*blocks[0].splitlines()[:2], text]) + "\n"})


@plants(6, "captions_can_be_read", needs="speech")
def a_cue_too_quick(bench: Bench) -> Case | None:
    """A cue goes long before it was read, though nothing comes after it."""
    words = bench.line.words
    rate = bench.sized(20, "characters a second", 1.25, 3.0)
    text = " ".join(w.text for w in words)
    first = " ".join(text[:40].split(" ")[:-1]) or text
    if len(first) / rate < 0.25:
        return None
    end = float(words[0].start) + len(first) / rate
    times = " --> ".join(_stamp(s) for s in (float(words[0].start), end))
    return bench.clean.case(texts={"srt": f"1\n{times}\n{first}\n"})


def _stamp(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"00:{whole // 60:02d}:{whole % 60:02d},{milliseconds:03d}"


@plants(7, "brand_words_are_spelled_right", needs="speech")
def brand_misspelt(bench: Bench) -> Case | None:
    """A brand's name with two letters changed, in a sentence that the brand is not first in."""
    name = bench.library.brand.name
    at = bench.rng.randrange(1, len(name) - 2)
    wrong = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if wrong == name:
        return None
    bench.note.size = wrong
    return bench.redone(_word(bench, wrong, bench.rng.randrange(len(bench.line.words))))


@plants(7, "text_reads_as_written", needs="speech burned")
def another_letter_drawn(bench: Bench) -> Case | None:
    """The picture says another word than the captions beside it: one letter is another."""
    words = bench.line.words
    number = bench.rng.choice([n for n, w in enumerate(words) if len(w.text) > 3] or [0])
    text = words[number].text
    at = bench.rng.randrange(len(text.rstrip(".,?!")))
    other = bench.rng.choice([c for c in "aeowmkxz" if c != text[at].lower()])
    wrong = text[:at] + other + text[at + 1 :]
    bench.note.size = f"{wrong!r} for {text!r}"
    return bench.other_file(_word(bench, wrong, number))


@plants(7, "text_reads_as_written")
def title_gone(bench: Bench) -> Case | None:
    """The end card, or the hook's title, is not drawn."""
    drawn = bench.clean.aspect in formats.BURNED
    kinds = [t.kind for t in bench.line.titles if t.kind != "hook" or drawn]
    bench.note.size = gone = bench.rng.choice(kinds)
    kept = tuple(t for t in bench.line.titles if t.kind != gone)
    return bench.other_file(replace(bench.line, titles=kept))


@plants(7, "text_reads_as_written")
def text_below_the_buttons(bench: Bench) -> Case | None:
    """Everything drawn lies lower than planned; what covers it is not looked for in the pixels."""
    width, height = bench.clean.case().size
    share = bench.rng.uniform(0.03, 0.15)
    bench.note.size = f"{share:.0%} of the height lower"
    low = int(height * share) // 2 * 2
    video = f"pad={width}:{height + low}:0:{low},crop={width}:{height}:0:0"
    return bench.clean.case(bench.again(video))


@plants(7, "text_is_clear_of_buttons", needs="speech burned")
def text_laid_out_too_low(bench: Bench) -> Case | None:
    """The layout itself lets captions stand where the platform has its buttons."""
    share = bench.rng.uniform(0.06, 0.15)
    bench.note.size = f"{share:.0%} of the height lower"
    plain = formats.caption_box

    @contextmanager
    def lower() -> Iterator[None]:
        def box(aspect: str, width: int, height: int) -> formats.Box:
            own = plain(aspect, width, height)
            return replace(own, bottom=min(height, own.bottom + round(share * height)))

        with mock.patch.object(formats, "caption_box", box):
            yield

    bench.note.under = lower  # judged by the layout that drew it
    return bench.other_file(bench.line, lower())


SAYS = "says_what_the_brief_asks"


@plants(14, SAYS)
def forbidden_word(bench: Bench) -> Case | None:
    """A forbidden word below the call to action, or in the text of the post."""
    word = bench.rng.choice(bench.clean.brief.forbidden)
    idea, line = bench.clean.idea, bench.line
    if idea is not None and bench.rng.random() < 0.4:
        bench.note.size = f"{word!r} in the post"
        return bench.clean.case(idea=replace(idea, upload_text=f"It is {word}, they say."))
    bench.note.size = f"{word!r} on the end card"
    titles = tuple(
        replace(t, sub=f"The {word} kettle.") if t.kind == "end_card" else t for t in line.titles
    )
    return bench.redone(replace(line, titles=titles))


@plants(14, SAYS)
def no_call_to_action(bench: Bench) -> Case | None:
    titles = tuple(
        replace(t, text="A kettle that sings") if t.kind == "end_card" else t
        for t in bench.line.titles
    )
    return bench.redone(replace(bench.line, titles=titles))


def _plain(text: str) -> set[str]:
    """Words without case and punctuation; those of an address one by one."""
    return {word.strip(",!?").lower() for word in text.replace(".", " ").split()}


@plants(14, SAYS, needs="idea asked")
def a_required_line_is_missing(bench: Bench) -> Case | None:
    """The brief asks for a sentence, the idea took it up, and the cut does not say it."""
    idea, lib = bench.clean.idea, bench.library
    said = {one.line.line for one in bench.laid.said}
    written = {w for t in bench.line.titles for w in _plain(f"{t.text} {t.sub}")}
    lines = [
        (own.group, line.text)
        for clip in lib.clips()
        for line in clip.lines
        if line.best and not line.flaws and line.line not in said and len(line.text) > 25
        # what the card says too is there
        and 2 * len(written & _plain(line.text)) < len(_plain(line.text))
        and (own := lib.line_at(clip.path, line.start)) is not None and own.group
    ]  # fmt: skip
    if idea is None or not lines:
        return None
    group, text = bench.rng.choice(lines)
    bench.note.size = text
    # after all others, so that nothing is out of order
    beats = (*idea.beats[:-1], Beat("proof", text, group), idea.beats[-1])
    brief = bench.clean.brief.model_copy(update={"must_say": (text,)})
    return bench.clean.case(idea=replace(idea, beats=beats), brief=brief)


@plants(14, SAYS, needs="idea hook")
def hook_not_written(bench: Bench) -> Case | None:
    """The idea's hook is no title of the cut."""
    kept = tuple(t for t in bench.line.titles if t.kind != "hook")
    return bench.redone(replace(bench.line, titles=kept))


@plants(14, SAYS)
def title_at_the_wrong_time(bench: Bench) -> Case | None:
    """The end card goes before the end, or the hook comes after the first second."""
    line, rng = bench.line, bench.rng
    if any(t.kind == "hook" for t in line.titles) and rng.random() < 0.5:
        late = round(bench.sized(1.0, "s to the hook", 1.1, 2.5) * bench.fps)
        titles = [replace(t, start=late) if t.kind == "hook" else t for t in line.titles]
    else:
        frames = rng.randint(3, round(bench.fps))
        bench.note.size = f"the card goes {frames} frames before the end"
        titles = [
            replace(t, start=t.start - frames) if t.kind == "end_card" else t for t in line.titles
        ]
    return bench.redone(replace(line, titles=tuple(titles)))
