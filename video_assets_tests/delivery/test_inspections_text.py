"""What is written in the picture: planted defects are found, clean text is not."""

from dataclasses import replace
from fractions import Fraction as F

import pytest

from video_assets.delivery.inspections import text
from video_assets.delivery.inspections.letters import Agreement, Writing
from video_assets.delivery.inspections.measures import pictures_at
from video_assets.delivery.inspections.text import Look
from video_assets.editorial.captions import Chunk
from video_assets.finishing import formats, overlays
from video_assets.foundation.media import open_container
from video_assets.foundation.records import Title
from video_assets_tests.delivery.talking import with_burned, written


def test_only_the_wanted_pictures_are_decoded_and_they_are_exact(talk):
    file = talk.files["9x16"]
    with open_container(file) as container:
        every = [f.to_ndarray()[: f.height] for f in container.decode(container.streams.video[0])]
    wanted = [0, 1, 11, 12, 30, 31, 62, 74, 75, 400]
    found = dict(pictures_at(file, wanted))
    assert sorted(found) == [n for n in wanted if n < len(every)]
    assert all((found[n] == every[n]).all() for n in found)
    assert list(pictures_at(file, [])) == []


@pytest.mark.parametrize(
    "other", ["Wakefield is small", "Wickfeild is small", "Wickfield is smell", "Wickfield is"]
)
def test_another_word_than_the_planned_one_is_found(spoken, other):
    chunks = list(spoken.texts.burned)
    assert chunks[0].text == "Wickfield is small"
    case = with_burned(spoken, replace(chunks[0], text=other), *chunks[1:])
    outcome = text.text_reads_as_written(case)
    assert [f.at for f in written(outcome)] == ["0.12 s"]
    assert outcome.figures["agreement_min"] < 0.8
    assert text.text_reads_as_written(spoken).figures["agreement_min"] > 0.95


def test_a_caption_and_an_end_card_that_are_not_there_are_found(spoken):
    chunks = spoken.texts.burned
    gone = Chunk("never burned", F(7, 5), F(8, 5))
    outcome = text.text_reads_as_written(with_burned(spoken, *chunks[:1], gone))
    (found,) = written(outcome)
    assert "is not in the picture" in found.what
    assert len(outcome.findings) > 1  # captions that nobody asked for
    card = Title("end_card", "Come and see", 5, 20)
    line = replace(spoken.timeline, titles=(card,))
    found = text.text_reads_as_written(with_burned(spoken, timeline=line)).findings
    assert [f.what for f in found if "the end card" in f.what]


def test_a_covered_or_shifted_picture_is_found(talk, spoken):
    """Real files: a box over the captions; the same captions five frames (200 ms) late."""
    quick = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-c:a", "copy")
    (box,) = [m.writing.box for m in text.looks(spoken) if m.writing.start == 3 and
              m.writing.kind == "caption"]  # fmt: skip
    area = f"x={box.left}:y={box.top}:w={box.width}:h={box.height}"
    file = talk.spoiled("boxed.mp4", "-vf", f"drawbox={area}:color=gray:t=fill", *quick)
    found = text.text_reads_as_written(talk.case("9x16", file)).findings
    captions_gone = [f for f in found if f.what.startswith("the caption")]
    assert len(captions_gone) == sum(c.start * 25 < 62 for c in spoken.texts.burned), [
        f.what for f in found
    ]
    late = "tpad=start=5:start_mode=clone,trim=end_frame=75"
    file = talk.spoiled("late.mp4", "-vf", late, *quick)
    case = talk.case("9x16", file)
    outcome = text.captions_come_and_go_on_time(case)
    assert outcome.findings and outcome.figures["shift_frames"] == 5
    assert any("comes 5 frames late" in f.what for f in outcome.findings)


def test_a_caption_a_frame_early_is_found(spoken):
    chunks = [
        replace(c, start=c.start - F(1, 25) if c.start else c.start, end=c.end - F(1, 25))
        for c in spoken.texts.burned
    ]
    outcome = text.captions_come_and_go_on_time(with_burned(spoken, *chunks))
    assert outcome.findings and outcome.figures["shift_frames"] == 1


@pytest.mark.parametrize("by", [5, -2])
def test_captions_that_are_drawn_late_by_shared_code_are_found(spoken, monkeypatch, by):
    """Renderer and gates draw with the same code: a mistake in it is the same on both sides."""
    plain = overlays._caption

    def late(*given):
        marks = plain(*given)
        return [replace(m, start=max(0, m.start + by), end=m.end + by) for m in marks]

    monkeypatch.setattr(overlays, "_caption", late)
    found = text.captions_come_and_go_on_time(with_burned(spoken, *spoken.texts.burned)).findings
    own = [f for f in found if "it is drawn so" in f.what]
    assert len(own) >= len(spoken.texts.burned) - 1
    assert all(abs(int(f.figure) - by) <= 1 for f in own)  # captions begin between frames


@pytest.mark.parametrize("aspect", ["9x16", "1x1", "4x5"])
def test_titles_of_several_lines_are_drawn_in_full(spoken, aspect):
    hook = Title("hook", "Who wakes first in the town?", 0, 25)
    line = replace(spoken.timeline, titles=(hook, spoken.timeline.titles[1]))
    case = with_burned(spoken, timeline=line, aspect=aspect)
    found = text.text_reads_as_written(case).findings
    assert not [f.what for f in found if "not drawn" in f.what]


def test_words_that_overlays_leave_out_are_found(spoken, monkeypatch):
    marks = [m for one in text.writings(spoken) for m in one.marks]
    assert marks
    fewer = [w for w in text.writings(spoken) if w.kind != "hook"]
    monkeypatch.setattr(text, "writings", lambda case: fewer)
    case = with_burned(spoken, *spoken.texts.burned)
    (found,) = written(text.text_reads_as_written(case))
    assert "'A slower light' is to be written" in found.what


def test_a_short_caption_before_a_long_one_is_not_seen_in_it(spoken):
    """Its box is filled by the next one's letters by more than half; a caption that stays is told."""
    one, other = Agreement(0.63, 0.4), Agreement(0.999, 0.99)
    box, wide = formats.Box(100, 800, 220, 860), formats.Box(20, 800, 300, 860)
    short = Look(Writing("caption", "bends.", 69, 91, (69, 90), (), box=box), {91: one})
    following = Writing("caption", "My grandfather", 91, 116, (91, 115), (), box=wide)
    assert not text._still(short, 91, [short, Look(following, {91: other})])
    assert text._still(short, 91, [short, Look(following, {91: Agreement(0.7, 0.4)})])
    below = replace(following, box=formats.Box(20, 900, 300, 960))
    assert text._still(short, 91, [short, Look(below, {91: other})])
    stays = replace(short, at={91: Agreement(0.95, 0.9)})
    assert text._still(stays, 91, [stays, Look(following, {91: other})])
