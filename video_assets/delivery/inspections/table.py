"""All measures of one cutdown, and which of them hold it back: the one place that says so.

Rows are those of the yardstick (CRAFT.md 8). Rows 16 to 18 look at several runs or cuts at once and
belong to the yardstick alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from video_assets.delivery.inspections import (
    balance,
    brief,
    captions,
    colour,
    dialogue,
    engines,
    exchange,
    framing,
    gaps,
    hearing,
    levels,
    onsets,
    picture,
    reading,
    repeats,
    spelling,
    stillness,
    story,
    sync,
    text,
    tracing,
    vetoes,
)
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.foundation.records import Finding

EDIT, FINISH = "The edit", "The finish"
"""Work that is still to come and makes its measures gates on the write path."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: its name says what holds."""

    row: int
    run: Callable[[Case], Outcome]
    kind: str = "gate"
    """gate, score or report: what the yardstick counts it as."""
    until: str = ""
    """What makes it a gate on the write path; until then it is a finding there. Empty: it is one
    (or no gate at all)."""
    blind: bool = False
    """Whether it looks at no pixel and no sample: it runs also where the file does not decode."""

    @property
    def name(self) -> str:
        """As in verdicts and findings."""
        return self.run.__name__

    @property
    def holds(self) -> bool:
        """Whether a finding holds the cutdown back on the write path."""
        return self.kind == "gate" and not self.until


MEASURES = (
    Measure(13, picture.has_the_right_size, blind=True),
    Measure(13, picture.has_the_right_length, blind=True),
    Measure(13, picture.plays_cleanly, blind=True),
    Measure(8, levels.is_as_loud_as_planned),
    Measure(8, balance.speech_stands_over_music, until=FINISH),
    Measure(9, sync.sound_is_in_sync),
    Measure(12, hearing.nothing_clicks_or_drops_out),
    Measure(12, stillness.nothing_is_black_or_frozen),
    Measure(12, stillness.nothing_flashes),
    Measure(14, tracing.shows_what_it_cites),
    Measure(14, brief.says_what_the_brief_asks, blind=True),
    Measure(4, story.nothing_is_shown_twice, blind=True),
    Measure(4, repeats.no_picture_comes_back),
    Measure(1, story.no_word_is_cut, blind=True),
    Measure(1, gaps.cuts_lie_in_gaps, until=EDIT, blind=True),
    Measure(2, vetoes.vetoed_takes_stay_out, until=EDIT, blind=True),
    Measure(3, dialogue.nothing_is_said_twice, blind=True),
    Measure(3, dialogue.no_slip_is_left, until=EDIT, blind=True),
    Measure(5, story.jump_cuts_are_covered, blind=True),
    Measure(6, captions.captions_follow_the_words, blind=True),
    Measure(6, onsets.captions_meet_their_words),
    Measure(6, reading.captions_can_be_read, blind=True),
    Measure(6, text.captions_come_and_go_on_time),
    Measure(7, text.text_reads_as_written),
    Measure(7, text.text_is_clear_of_buttons),
    Measure(7, spelling.brand_words_are_spelled_right, blind=True),
    Measure(10, colour.colour_holds_across_cuts, until=FINISH),
    Measure(11, framing.subject_stays_in_frame, until=FINISH),
    Measure(11, picture.is_not_enlarged_too_far, kind="report", blind=True),
    Measure(15, exchange.timeline_survives_otio, blind=True),
    Measure(15, exchange.xml_exports_agree, until=EDIT, blind=True),
    Measure(0, engines.engines_are_as_planned, blind=True),
)
"""In the order they are shown."""

UNMADE = ("xml_exports_agree",)
"""Measures of what the product does not make at all yet: in every verdict and score, but no news of
a single cutdown."""
GATES = tuple(m.name for m in MEASURES if m.holds)
"""Names of those that must find nothing, else the cutdown is set aside."""


UNDECODED = "could not run: the file does not decode"
"""What every measure that looks at pixels or samples says of a file that does not play."""


def run(measure: Measure, case: Case) -> Outcome:
    """What a measure says. One that cannot run says so: that is a finding, never a pass.

    Whatever a measure raises (OpenCV, PyAV and OpenTimelineIO have errors of their own, memory may
    be short) is a finding of this measure and stops neither the others nor other cuts.
    """
    try:
        if not measure.blind and not case.decodes:
            what = UNDECODED
            return Outcome({}, (Finding(measure.name, what),))
        return measure.run(case)
    except Exception as error:
        what = f"could not run: {type(error).__name__}: {error}"
        return Outcome({}, (Finding(measure.name, what),))
