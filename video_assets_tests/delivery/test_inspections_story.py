"""The cut itself, the brief and the exchange file: planted defects are found."""

import json
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from video_assets.delivery.inspections import (
    brief,
    captions,
    dialogue,
    exchange,
    reading,
    spelling,
    story,
    text,
    vetoes,
)
from video_assets.delivery.inspections.case import Case, Texts
from video_assets.editorial.brief import Brief
from video_assets.foundation.records import (
    Shot,
)
from video_assets.library import sentences
from video_assets_tests.delivery.talking import (
    BRIEF,
    IDEA,
    spoken_words,
    written,
)

MEASURES = (
    text.text_is_clear_of_buttons,
    text.text_reads_as_written,
    text.captions_come_and_go_on_time,
    captions.captions_follow_the_words,
    reading.captions_can_be_read,
    spelling.brand_words_are_spelled_right,
    story.no_word_is_cut,
    story.nothing_is_shown_twice,
    story.jump_cuts_are_covered,
    dialogue.nothing_is_said_twice,
    dialogue.no_slip_is_left,
    vetoes.vetoed_takes_stay_out,
    brief.says_what_the_brief_asks,
    exchange.timeline_survives_otio,
)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.__name__)
def test_a_clean_cutdown_has_no_finding(spoken, measure):
    outcome = measure(spoken)
    assert outcome.findings == ()
    assert outcome.figures and all(np.isfinite(float(v)) for v in outcome.figures.values())
    assert spoken.timeline.words and spoken.texts.burned


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.__name__)
def test_a_cutdown_without_words_is_answered(spoken, measure):
    """One cut, no sound, no title, no brief: nothing to say, and no complaint."""
    bare = replace(
        spoken.timeline,
        picture=spoken.timeline.picture[:1],
        frames=40,
        sound=(),
        words=(),
        titles=(),
    )
    case = replace(spoken, timeline=bare, texts=Texts(), brief=Brief(title="x"), idea=None)
    case.__dict__["film"] = spoken.film
    if measure is exchange.timeline_survives_otio:
        return  # without a file to read again that is a finding, see below
    assert written(measure(case)) == []


# the story


def with_dialogue(spoken: Case, said: str, **line) -> Case:
    """The second clip says something else."""
    tables = spoken.tables
    clip = next(c for c in tables.words if tables.words[c][0].text == "It")
    words = {**tables.words, clip: spoken_words(clip, said, F(3, 10))}
    lines = {**tables.lines, "l-b": replace(tables.lines["l-b"], text=said, **line)}
    return replace(spoken, tables=replace(tables, words=words, lines=lines))


def test_lines_that_are_heard_twice_are_found(spoken):
    twice = dialogue.nothing_is_said_twice
    found = twice(with_dialogue(spoken, "It glows until morning.", group="ga")).findings
    assert len(found) == 1 and "two takes of one line" in found[0].what
    found = twice(with_dialogue(spoken, "Wickfield is small and warm")).findings
    assert len(found) == 1 and "and again" in found[0].what
    first, second = spoken.timeline.sound
    again = replace(first, start=second.start, duration=F(1))
    line = replace(spoken.timeline, sound=(first, again))
    found = twice(replace(spoken, timeline=line)).findings
    assert len(found) == 1 and found[0].at == "1.60 s"
    # a line that goes on in the source after a cut is one line
    half = (replace(first, duration=F(4, 5)),
            replace(first, start=F(4, 5), duration=F(4, 5), source_start=first.source_start + F(4, 5)))  # fmt: skip
    assert twice(replace(spoken, timeline=replace(spoken.timeline, sound=half))).findings == ()


def test_a_filler_that_is_cut_out_of_a_line_leaves_one_line(spoken):
    """What `no_slip_is_left` tells people to do: two pieces of one take."""
    first, _ = spoken.timeline.sound
    piece = replace(first, duration=F(4, 5))
    later = replace(first, start=F(4, 5), duration=F(1, 2), source_start=first.source_start + 1)
    line = replace(spoken.timeline, sound=(piece, later))
    assert dialogue.nothing_is_said_twice(replace(spoken, timeline=line)).findings == ()
    # the same place of a take twice, or another take, is heard twice
    again = replace(later, source_start=first.source_start + F(1, 2))
    line = replace(spoken.timeline, sound=(piece, again))
    assert dialogue.nothing_is_said_twice(replace(spoken, timeline=line)).findings
    lines = {**spoken.tables.lines, "l-c": replace(spoken.tables.lines["l-a"], line_id="l-c")}
    tables = replace(spoken.tables, lines=lines)
    line = replace(spoken.timeline, sound=(piece, replace(later, line_id="l-c")))
    (found,) = dialogue.nothing_is_said_twice(
        replace(spoken, timeline=line, tables=tables)
    ).findings
    assert "two takes" in found.what


@pytest.mark.parametrize(
    ("language", "said", "slips"),
    [
        ("pt", "um cheiro e um", 0),
        ("de", "er kommt um acht", 0),
        ("da", "det er er her", 0),
        ("fr", "nous nous levons tôt", 0),
        ("de", "die Frau, die die", 0),
        ("en", "what it is is", 0),
        ("en", "you want it, it", 0),
        ("de", "er ähm kommt jetzt", 1),
        ("fr", "il euh vient ici", 1),
        ("es", "el el perro aquí", 1),
        ("en", "the, the lamp glows", 1),
        ("nl", "dat hmm is mooi", 1),
    ],
)
def test_slips_are_those_of_the_language(spoken, language, said, slips):
    """Fillers as the library flags them, whose list is English."""
    case = with_dialogue(spoken, said)
    words = {clip: [sentences.flagged(w) for w in own] for clip, own in case.tables.words.items()}
    asked = BRIEF.model_copy(update={"language": language})
    case = replace(case, brief=asked, tables=replace(case.tables, words=words))
    assert dialogue.no_slip_is_left(case).figures["slips"] == slips


@pytest.mark.parametrize("said", ["It um glows until", "It glows in the the", "Uhm, it glows"])
def test_slips_are_found(spoken, said):
    outcome = dialogue.no_slip_is_left(with_dialogue(spoken, said))
    assert len(outcome.findings) == 1 and outcome.figures["slips_a_minute"] == pytest.approx(20)


def test_lines_that_break_off_are_found_and_repetition_on_purpose_is_not(spoken):
    found = dialogue.no_slip_is_left(
        with_dialogue(spoken, "It glows until", complete=False)
    ).findings
    assert len(found) == 1 and "breaks off" in found[0].what
    assert dialogue.no_slip_is_left(with_dialogue(spoken, "It is very very warm")).findings == ()


def test_jump_cuts_are_found_unless_covered_or_punched_in(spoken):
    first, _, picture = spoken.timeline.picture
    jump = story.jump_cuts_are_covered

    def told(*cuts, **changes):
        """Findings of these cuts, each of which shows 0.3 of the picture over its scale."""
        crops = {n: (0.0, 0.0, 0.3 / c.scale, 1 / c.scale) for n, c in enumerate(cuts)}
        line = replace(spoken.timeline, picture=cuts)
        return jump(replace(spoken, timeline=line, **{"crops": crops, **changes})).findings

    later = replace(first, start=40, frames=35, source_start=F(6, 5))
    assert [f.at for f in told(first, replace(later, source_start=F(11, 5)))] == ["frame 40"]
    goes_on = replace(first, start=40, frames=35, source_start=first.source_start + F(8, 5))
    assert told(first, goes_on) == ()
    assert told(first, replace(later, scale=1.22)) == ()
    assert told(first, replace(later, scale=1.1)) != ()
    # what counts is what is shown: a scale that no crop has hides nothing
    whole = dict.fromkeys((0, 1), (0.0, 0.0, 0.3, 1.0))
    assert told(first, replace(later, scale=1.22), crops=whole) != ()
    # 360 lines: 1.2 times is 300 of them, or 302 where a crop is rounded, but not 308
    for lines, count in ((300, 0), (302, 0), (308, 1)):
        crops = {0: (0.0, 0.0, 0.3, 1.0), 1: (0.0, 0.0, 0.3, lines / 360)}
        assert len(told(first, later, crops=crops)) == count, lines
    longer = replace(picture, start=30, frames=20)
    assert told(first, later, longer) == ()
    shorter = replace(picture, start=35, frames=12)
    assert [f.at for f in told(first, later, shorter)] == ["frame 47"]
    # while it is covered, the take may simply run on
    assert told(first, goes_on, shorter) == ()
    # set-ups of other clips count as well
    shots = {k: replace(s, setup="one") for k, s in spoken.tables.shots.items()}
    tables = replace(spoken.tables, shots=shots)
    assert jump(replace(spoken, tables=tables)).findings


def test_vetoed_takes_are_found(spoken):
    def told(case):
        return [f.what for f in vetoes.vetoed_takes_stay_out(case).findings]

    def with_shot(name, **facts):
        row = spoken.tables.rows[f"{name}.mp4"]
        key = f"{row.clip_id[:12]}-0001"
        shots = {**spoken.tables.shots, key: replace(spoken.tables.shots[key], **facts)}
        return replace(spoken, tables=replace(spoken.tables, shots=shots))

    def with_row(name, **facts):
        rows = {
            **spoken.tables.rows,
            f"{name}.mp4": replace(spoken.tables.rows[f"{name}.mp4"], **facts),
        }
        return replace(spoken, tables=replace(spoken.tables, rows=rows))

    assert "is black" in told(with_shot("c", luma=0.01, contrast=0.01))[0]
    assert told(with_shot("c", luma=0.01, contrast=0.2)) == []
    frozen = with_shot("c", frozen=0.9)
    assert told(frozen) == []  # the library has nothing else
    rows = {
        **frozen.tables.rows,
        "d.mp4": replace(spoken.tables.rows["c.mp4"], path="d.mp4", clip_id="d" * 32),
    }
    shots = {**frozen.tables.shots, "d": Shot("d", "d" * 32, 0, F(0), F(5), luma=0.4, contrast=0.2)}
    richer = replace(frozen, tables=replace(frozen.tables, rows=rows, shots=shots))
    assert "stand still" in told(richer)[0]
    same = {k: replace(s, setup="one", sharpness=6.0) for k, s in spoken.tables.shots.items()}
    blurred = {**same, (k := next(iter(same))): replace(same[k], sharpness=3.5)}
    assert "out of focus" in told(replace(spoken, tables=replace(spoken.tables, shots=blurred)))[0]
    assert told(replace(spoken, tables=replace(spoken.tables, shots=same))) == []
    assert "not usable footage (dead)" in told(with_row("c", role="dead"))[0]
    assert "another file" in told(with_row("c", clip_id="e" * 32))[0]
    assert any("after its end" in t for t in told(with_row("c", duration=F(1))))
    assert "has no sound" in told(with_row("a", audio_stream=-1))[0]
    slow = {
        clip: [replace(words[0], end=words[0].start + F(13, 10)), *words[1:]]
        for clip, words in spoken.tables.words.items()
    }
    found = told(replace(spoken, tables=replace(spoken.tables, words=slow)))
    assert found and "a retake may hide in it" in found[0]


def test_what_a_verdict_knows_of_foreign_clips_is_little(spoken):
    """Foreign clips change it only where the verdict may change."""
    known = vetoes.beyond_its_clips
    first = known(spoken.timeline, spoken.tables)
    rows = {
        **spoken.tables.rows,
        "d.mp4": replace(spoken.tables.rows["c.mp4"], path="d.mp4", clip_id="d" * 32),
    }
    still = Shot("d", "d" * 32, 0, F(0), F(5), luma=0.4, contrast=0.2, frozen=0.9)

    def with_shot(shot):
        tables = replace(spoken.tables, rows=rows, shots={**spoken.tables.shots, "d": shot})
        return known(spoken.timeline, tables)

    assert with_shot(still) == first
    assert with_shot(replace(still, frozen=0.0)) != first  # now there is a choice
    setup = spoken.tables.shots[spoken.timeline.picture[0].shot_id].setup
    assert with_shot(replace(still, setup=setup, clipped=0.5)) != first


def test_footage_that_cuts_share_is_counted(spoken):
    line = spoken.timeline
    first = line.picture[0]
    assert story.footage_shared([line]) == 0.0
    assert story.footage_shared([line, line]) == 1.0
    half = replace(
        line, frames=40, picture=(replace(first, source_start=first.source_start + F(4, 5)),)
    )
    other = replace(line, picture=tuple(replace(c, clip_id="f" * 32) for c in line.picture))
    assert story.footage_shared([half, replace(line, frames=40, picture=(first,))]) == 0.5
    assert story.footage_shared([line, other]) == 0.0


# brief


def test_what_the_brief_asks_and_forbids_is_found(spoken):
    asks = brief.says_what_the_brief_asks
    silent = replace(spoken.tables, words={})
    bare = replace(spoken.timeline, words=())
    case = replace(spoken, tables=silent, timeline=bare, texts=Texts())
    assert any("must be said" in f.what for f in asks(case).findings)
    assert asks(case).figures["must_say_share"] == 0
    # without an idea, a line that is the sentence must be heard in full
    assert any("must be said" in f.what for f in asks(replace(case, idea=None)).findings)
    mute = replace(case, idea=None, timeline=replace(bare, sound=()))
    assert asks(mute).findings == ()  # not this cut's to say: the note tells so
    assert "required sentences this cut should say were not judged" in asks(mute).note
    assert asks(mute).measured and asks(spoken).note == ""
    assert brief.must_say_is_heard([case]) == 0 and brief.must_say_is_heard([case, spoken]) == 1
    card = replace(spoken.timeline, titles=spoken.timeline.titles[:1])
    assert "call to action" in asks(replace(spoken, timeline=card)).findings[0].what
    said = asks(with_dialogue(spoken, "It is the CHEAPEST, light")).findings
    assert [f.figure for f in said] == ["cheapest"] and "the sound" in said[0].what
    title = replace(spoken.timeline.titles[0], text="Cheapest light")
    shown = replace(spoken.timeline, titles=(title, spoken.timeline.titles[1]))
    idea = replace(IDEA, hook="Cheapest light")
    free = replace(spoken, timeline=shown, idea=idea, brief=BRIEF.model_copy(update={"hooks": ()}))
    assert [f.figure for f in asks(free).findings] == ["cheapest"]
    told = [f.what for f in asks(replace(free, brief=BRIEF)).findings]
    assert "none of the brief's hooks is a title of the cut" in told
    post = replace(IDEA, upload_text="The cheapest one")
    assert "the post" in asks(replace(spoken, idea=post)).findings[0].what


def test_a_wrong_order_is_found(spoken):
    asks = brief.says_what_the_brief_asks
    turned = replace(IDEA, beats=tuple(reversed(IDEA.beats)))
    assert any("comes after" in f.what for f in asks(replace(spoken, idea=turned)).findings)
    hook, card = spoken.timeline.titles
    early = replace(spoken.timeline, titles=(hook, replace(card, start=40)))
    assert "the end card goes" in asks(replace(spoken, timeline=early)).findings[0].what
    late = replace(spoken.timeline, titles=(replace(hook, start=30), card))
    assert "comes at frame 30" in asks(replace(spoken, timeline=late)).findings[0].what
    other = replace(IDEA, hook="Something else")
    assert "are no title" in asks(replace(spoken, idea=other)).findings[0].what


# exchange


def test_a_timeline_that_editors_would_see_otherwise_is_found(spoken):
    survives = exchange.timeline_survives_otio
    first, *rest = spoken.timeline.picture
    for changed in (
        replace(first, source_start=first.source_start + F(1, 25)),
        replace(first, frames=39),
        replace(first, path="c.mp4"),
    ):
        line = replace(spoken.timeline, picture=(changed, *rest))
        assert survives(replace(spoken, timeline=line)).findings, changed
    assert survives(
        replace(spoken, timeline=replace(spoken.timeline, picture=tuple(rest)))
    ).findings
    sound = replace(spoken.timeline.sound[0], start=F(1, 100))
    line = replace(spoken.timeline, sound=(sound, spoken.timeline.sound[1]))
    assert survives(replace(spoken, timeline=line)).findings
    words = replace(spoken.timeline, words=spoken.timeline.words[1:])
    assert [f.what[:5] for f in survives(replace(spoken, timeline=words)).findings] == ["words"]
    assert survives(replace(spoken, texts=Texts(otio="{}"))).findings
    assert survives(replace(spoken, texts=Texts())).findings
    short = spoken.texts.otio.replace('"value": 75.0', '"value": 20.0')
    assert short != spoken.texts.otio
    assert survives(replace(spoken, texts=replace(spoken.texts, otio=short))).findings


def test_another_file_or_another_part_of_the_picture_is_found(spoken):
    survives = exchange.timeline_survives_otio
    good = spoken.texts.otio

    def told(otio=good, **changes):
        assert otio != good or changes
        texts = replace(spoken.texts, otio=otio)
        return [f.what for f in survives(replace(spoken, texts=texts, **changes)).findings]

    assert any("opens" in w for w in told(good.replace("/footage/a.mp4", "/footage/xa.mp4")))
    moved = told(good.replace("/footage/b.mp4", "/elsewhere/b.mp4"))
    assert len(moved) == 2 and all("the others in" in w for w in moved)  # picture and sound
    x, y, width, height = spoken.crops[1]
    (only,) = told(crops={**spoken.crops, 1: (x + 2e-5, y, width, height)})
    assert only.startswith("V1 b.mp4 shows the part")
    assert told(crops={**spoken.crops, 1: (x + 5e-6, y, width, height)}) == []
    gone = json.loads(good)
    cut = gone["tracks"]["children"][0]["children"][1]
    del cut["metadata"]["video_assets"]["crop"]
    (only,) = told(json.dumps(gone))
    assert "shows the part nothing" in only


def test_exports_that_do_not_exist_are_said(spoken):
    assert exchange.xml_exports_agree(spoken).findings[0].figure == "0"
