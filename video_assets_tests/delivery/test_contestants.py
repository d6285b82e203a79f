"""Those that ours is compared with: naive and random valid."""

import json
import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from benchmarks import judging
from benchmarks.contestants import naive, random_valid
from benchmarks.contestants.delivered import Chunk, Delivered, Drawing, hand_over, taken
from video_assets.foundation.records import (
    FootageRow,
    Line,
    Shot,
    Word,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's own handles


def a_clip(number, seconds, *words):
    """A clip's row, its shot and its words (text, start, end)."""
    clip_id = f"{number:032d}"
    row = FootageRow(
        f"{number}.mp4", "clip", 1, 0, clip_id=clip_id, duration=Fraction(seconds), video_stream=0,
        width=640, height=360, fps=Fraction(25), audio_stream=1,
    )  # fmt: skip
    shot = Shot(f"{number}-0001", clip_id, 1, Fraction(0), Fraction(seconds))
    said = [
        Word(clip_id, n, text, Fraction(str(a)), Fraction(str(b)))
        for n, (text, a, b) in enumerate(words)
    ]
    return row, shot, said


def a_stock():
    """Two speakers, one of whom says a line twice, and six pictures."""
    spoken = [
        a_clip(
            1,
            9,
            ("One", 0.5, 0.9),
            ("thing.", 1, 1.5),
            ("Two.", 2, 2.6),
            ("Two.", 4.03, 4.7),
            ("um", 6, 6.3),
            ("no.", 6.4, 6.9),
        ),
        a_clip(2, 5, ("Three", 1.1, 1.8), ("words", 1.83, 2.2), ("here.", 2.3, 2.9)),
    ]
    clips = [*spoken, *(a_clip(n, 4) for n in range(3, 9))]

    def line(number, of, first, last, group):
        words = spoken[of][2]
        return Line(
            f"l{number}", words[0].clip_id, number, "", words[first].start, words[last].end,
            first, last, group=group,
        )  # fmt: skip

    lines = (line(0, 0, 0, 1, "a"), line(1, 0, 2, 2, "b"), line(2, 0, 3, 3, "b"), line(3, 1, 0, 2, "c"), line(4, 0, 4, 5, "d"))  # fmt: skip
    shots = [shot for _, shot, _ in clips]
    shots[2:4] = [replace(shots[n], setup="lake") for n in (2, 3)]
    shots[7] = replace(shots[7], shake=0.02)
    return random_valid.Stock(
        Fraction(25),
        {row.clip_id: row for row, _, _ in clips},
        tuple(shots),
        {row.clip_id: words for row, _, words in clips if words},
        lines,
    )


def test_random_choices_are_valid_and_follow_the_seed():
    stock = a_stock()
    assert [n.line_id for n in stock.lines] == ["l0", "l1", "l2", "l3"]  # the last has a filler
    assert len(stock.shots) == 7  # one shakes
    setups = {s.clip_id: s.setup or s.clip_id for s in stock.shots}
    drawn = [random_valid.draw(stock, 12, random.Random(seed)) for seed in range(30)]
    assert all(cut is not None for cut in drawn)
    assert len({str(cut.picture) for cut in drawn}) > 25
    assert str(random_valid.draw(stock, 12, random.Random(3))) == str(drawn[3])
    assert sum(bool(cut.words) for cut in drawn) > 20
    for cut in drawn:
        assert cut.at == 300 == sum(c.frames for c in cut.picture)
        spans = sorted(
            (c.clip_id, c.source_start, c.source_start + c.frames / stock.fps) for c in cut.picture
        )
        for (clip, start, end), (other, after, _) in pairwise([*spans, ("", Fraction(0), 0)]):
            assert other != clip or end <= after
            assert start >= 0 and end <= stock.clips[clip].duration
            assert (start * 25).denominator == 1
        for heard in cut.sound:
            start, end = heard.source_start, heard.source_start + heard.duration
            for word in stock.words.get(heard.clip_id, ()):
                assert not word.start < start < word.end
                assert not word.start < end < word.end
        shown = [setups[c.clip_id] for c in cut.picture]
        assert all(a != b for a, b in pairwise(shown))
        groups = [
            line.group for line in stock.lines for c in cut.picture if c.line_id == line.line_id
        ]
        assert len(groups) == len(set(groups))
    assert random_valid.draw(stock, 120, random.Random(1)) is None  # there is not that much
    alike = tuple(replace(n, group=n.line_id, text="Two!" if n.line_id != "l0" else "One thing") for n in stock.lines)  # fmt: skip
    same = replace(stock, lines=alike)
    for seed in range(20):
        cut = random_valid.draw(same, 12, random.Random(seed))
        assert sum(bool(c.line_id) and c.line_id != "l0" for c in cut.picture) <= 1


def test_names_of_files_and_shots_that_are_forbidden_are_not_drawn():
    assert random_valid._names("broll/rival/rival_01_b.mp4") >= {"rival", "broll"}
    assert random_valid.plain("The “Kettle”, sings!") == "the kettle sings"


def test_naive_takes_first_takes_in_the_order_of_files():
    def clip(name, seconds):
        return naive.Clip(name, Fraction(seconds), Fraction(25), 640, 360, True)

    speaker, other, lake, sea = clip("a.mp4", 9), clip("b.mp4", 9), clip("c.mp4", 2), clip("d.mp4", 60)  # fmt: skip

    def said(of, text, start, end):
        return naive.Said(of, Fraction(start), Fraction(end), ((text, Fraction(start), Fraction(end)),))  # fmt: skip

    lines = [said(speaker, "One.", 0, 1), said(speaker, "one", 2, 3), said(speaker, "Long.", 4, 9), said(other, "Two.", 1, 3)]  # fmt: skip
    pieces = naive.pieces_of([speaker, other, lake, sea], lines, 6, Fraction(25))
    assert [(p.clip.path, float(p.source), p.frames) for p in pieces] == [
        ("a.mp4", 0, 25), ("b.mp4", 1, 50), ("c.mp4", 0, 50), ("d.mp4", 0, 25),
    ]  # fmt: skip
    pieces = naive.pieces_of([speaker, other, lake, sea], lines, 12, Fraction(25))
    assert [p.clip.path for p in pieces] == ["a.mp4", "a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    assert sum(p.frames for p in pieces) == 300
    assert sum(p.frames for p in pieces if p.said) <= 250  # nobody speaks under the card
    timeline = naive.timeline_of("n", pieces, {"a.mp4": "x"}, Fraction(25))
    assert timeline.frames == 300
    assert [s.track for s in timeline.sound] == ["A1", "A1", "A1", "A3", "A3"]
    assert naive.captions(timeline, ",").startswith("1\n00:00:00,000 --> 00:00:00,920\nOne.\n")
    assert naive.centre(lake, (1080, 1920)) == (pytest.approx(0.341797, abs=1e-6), 0, pytest.approx(81 / 256), 1)  # fmt: skip


def test_naive_reads_the_words_beside_the_clips(short, tmp_path):
    footage = short.folder / "footage"
    clips = naive.clips_of(footage)
    assert [(c.path, c.seconds, c.fps, c.sound) for c in clips] == [("a.mp4", 3, 25, True)]
    (sounding,) = naive.lines_of(clips, footage)  # a hum, all the time
    assert (float(sounding.start), float(sounding.end)) == pytest.approx((0, 3), abs=0.1)
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").symlink_to(footage / "a.mp4")
    said = [("So", 0.1, 0.3), ("soft.", 0.3, 0.8), ("It", 0.9, 1.0), ("glows", 1.9, 2.5)]
    words = [{"text": t, "start": a, "end": b} for t, a, b in said]
    (tmp_path / "b.json").write_text(json.dumps({"version": 1, "words": words}))
    lines = naive.lines_of(naive.clips_of(tmp_path), tmp_path)
    assert [(n.clip.path, float(n.start), float(n.end)) for n in lines] == [
        ("b.mp4", 0.1, 0.8), ("b.mp4", 0.9, 1.0), ("b.mp4", 1.9, 2.5),
    ]  # fmt: skip


def test_what_is_handed_over_comes_back(short, tmp_path):
    boxes = {"9x16": [(0.1, 0.0, 0.5, 1.0)]}
    one = Delivered(
        short.timeline, {"9x16": (540, 960)}, boxes, burned=True, upscale={"9x16": 1.5}, srt="1",
        vtt="2", chunks=(Chunk("a", Fraction(1), Fraction(3, 2)),),
        drawn={"9x16": (Drawing("caption", 3, 9, "{\\an5}a", 4, "a"),)},
    )  # fmt: skip
    hand_over(tmp_path / "naive-06", one)
    assert taken(tmp_path) == {tmp_path / "naive-06": one}


def test_naive_draws_its_words_and_its_card_and_is_judged_by_them(short, tmp_path):
    """A film of its own ffmpeg path passes the measures of writing; one without them does not."""
    footage = short.folder / "footage"
    (clip,) = naive.clips_of(footage)
    words = (("Soft", Fraction(1, 10), Fraction(4, 10)), ("it's: [new],", Fraction(4, 10), Fraction(8, 10)))  # fmt: skip
    pieces = [naive.Piece(clip, Fraction(0), 25, naive.Said(clip, Fraction(0), Fraction(1), words)),
              naive.Piece(clip, Fraction(1), 50)]  # fmt: skip
    line = naive.timeline_of("naive-03", pieces, {"a.mp4": "x"}, Fraction(25), "Find your kettle at home", "Listen")  # fmt: skip
    hook, card = line.titles
    assert (hook.kind, hook.text, hook.frames) == ("hook", "Listen", 50)
    assert (card.kind, card.start, card.frames) == ("end_card", 50, 25)
    chunks = naive.chunks_of(line)
    assert [(c.text, c.start, c.end) for c in chunks] == [
        ("Soft it's: [new],", Fraction(1, 10), Fraction(8, 10)),
    ]  # fmt: skip
    drawn = naive.drawings(line, chunks, "9x16", (540, 960))
    assert [d.kind for d in drawn] == ["caption", "hook", "panel", "end_card", "end_card"]
    assert "caption" not in {d.kind for d in naive.drawings(line, chunks, "16x9", (960, 540))}
    place = tmp_path / "an odd, [name]'s: place"
    place.mkdir()
    naive.film(pieces, footage, (540, 960), Fraction(25), place / "with.mp4", drawn)
    naive.film(pieces, footage, (540, 960), Fraction(25), place / "without.mp4")
    case = replace(short.case("9x16"), timeline=line, size=(540, 960))
    found = {
        name: {n: judging.Drawn(drawn).outcome(n, replace(case, file=place / name)) for n in judging.Drawn.NAMES}
        for name in ("with.mp4", "without.mp4")
    }  # fmt: skip
    assert all(o.measured and not o.findings for o in found["with.mp4"].values())
    said = [f.what for f in found["without.mp4"]["text_reads_as_written"].findings]
    assert len(said) == 3 and "does not read" in said[0]
    late = [replace(d, start=d.start + 3) if d.kind == "caption" else d for d in drawn]
    outcome = judging.Drawn(late).outcome("captions_come_and_go_on_time", replace(case, file=place / "with.mp4"))  # fmt: skip
    assert "comes early" in outcome.findings[0].what
