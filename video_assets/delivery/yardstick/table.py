"""What only the yardstick measures: against the truth, and over several cuts at once.

Rows and limits are those of CRAFT.md 8; the measures of one cutdown are in `inspections.table`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from video_assets.delivery.inspections import (
    brief,
    colour,
    content,
    continuity,
    framing,
    planted_flaws,
    story,
    sync,
)
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.truth import Truth
from video_assets.foundation.records import Finding

SHARED = 0.5
"""Share of footage that two cuts of a campaign may have in common (CRAFT 8 row 18)."""


@dataclass(frozen=True, slots=True)
class TruthMeasure:
    """A measure of one cutdown that needs the truth; its name says what holds."""

    row: int
    run: Callable[[Case, Truth], Outcome]
    kind: str = "gate"
    """gate, score or report."""
    blind: bool = False
    """Whether it looks at no pixel and no sample: it runs also where the file does not decode."""

    @property
    def name(self) -> str:
        """As in findings."""
        return self.run.__name__


@dataclass(frozen=True, slots=True)
class CampaignMeasure:
    """A measure of all cuts of one campaign together."""

    row: int
    run: Callable[[Sequence[Case], Truth | None], Outcome]
    """Of one case a cut, in any aspect that it was made in."""
    kind: str = "score"
    """A gate stands beside the headline: it counts cutdowns, and this is none."""

    @property
    def name(self) -> str:
        """As in findings."""
        return self.run.__name__


def cuts_share_little_footage(cases: Sequence[Case], truth: Truth | None) -> Outcome:
    """No two cuts have more than half of their footage in common (CRAFT 8 row 18)."""
    if len(cases) < 2:
        return Outcome({"shared_share": 0.0}, note="there is one cut only", measured=False)
    share = story.footage_shared(case.timeline for case in cases)
    if share <= SHARED:
        return Outcome({"shared_share": share})
    what = f"two cuts have {share:.0%} of the shorter one's footage in common"
    finding = Finding("cuts_share_little_footage", what, f"{share:.2f}", f"<= {SHARED}")
    return Outcome({"shared_share": share}, (finding,))


def campaign_shows_what_it_must(cases: Sequence[Case], truth: Truth | None) -> Outcome:
    """Everything that the brief wants seen is seen in some cut (CRAFT 8 row 14 by content)."""
    if truth is None or not truth.brief.get("must_show"):
        return Outcome({}, note="nothing is known that must be shown", measured=False)
    share = content.must_show_is_shown(cases, truth)
    if share >= 1:
        return Outcome({"must_show_share": share})
    what = f"{share:.0%} of what must be shown is seen in some cut"
    finding = Finding("campaign_shows_what_it_must", what, f"{share:.2f}", "1")
    return Outcome({"must_show_share": share}, (finding,))


def campaign_says_what_it_must(cases: Sequence[Case], truth: Truth | None) -> Outcome:
    """Every sentence that the brief wants said is heard or written in some cut (CRAFT 8 row 14)."""
    wanted = {s for case in cases for s in case.brief.must_say}
    if not wanted:
        return Outcome({}, note="the brief asks for no sentence", measured=False)
    share = brief.must_say_is_heard(cases)
    figures = {"must_say_share": share, "sentences": float(len(wanted))}
    if share >= 1:
        return Outcome(figures)
    unsaid = ", ".join(repr(sentence) for sentence in brief.unsaid(cases))
    what = f"nobody says {unsaid} in any cut ({share:.0%} of {len(wanted)} that must be said)"
    finding = Finding("campaign_says_what_it_must", what, f"{share:.2f}", "1")
    return Outcome(figures, (finding,))


TRUTH_MEASURES: tuple[TruthMeasure, ...] = (
    TruthMeasure(2, content.takes_are_the_best, kind="score", blind=True),
    TruthMeasure(2, planted_flaws.no_flawed_span_is_used, blind=True),
    TruthMeasure(3, content.nothing_leaks, blind=True),
    TruthMeasure(5, content.true_jump_cuts_are_covered, blind=True),
    TruthMeasure(9, sync.sound_is_where_it_was),
    TruthMeasure(10, colour.colour_holds_in_true_setups, kind="score"),
    TruthMeasure(11, framing.subject_is_in_frame, blind=True),
    TruthMeasure(14, content.content_is_as_asked, blind=True),
    TruthMeasure(19, continuity.scenes_hold_together, kind="score"),
)
"""In the order they are shown."""

CAMPAIGN_MEASURES: tuple[CampaignMeasure, ...] = (
    CampaignMeasure(14, campaign_says_what_it_must, kind="gate"),
    CampaignMeasure(14, campaign_shows_what_it_must, kind="gate"),
    CampaignMeasure(18, cuts_share_little_footage),
)

LIMITS: Mapping[str, str] = {
    "is_made": "all",
    "lasts_as_asked": "±0.5 s",
    "engines_are_as_planned": "as planned",
    "no_word_is_cut": "0 words",
    "cuts_lie_in_gaps": "98 % within ±40 ms",
    "takes_are_the_best": "90 % of the lines",
    "vetoed_takes_stay_out": "0",
    "no_flawed_span_is_used": "0 s",
    "nothing_leaks": "0.2 a minute",
    "no_slip_is_left": "0.2 a minute",
    "nothing_is_said_twice": "0 lines",
    "nothing_is_shown_twice": "0 frames",
    "no_picture_comes_back": "0 frames",
    "jump_cuts_are_covered": "0 cuts",
    "true_jump_cuts_are_covered": "0 cuts",
    "captions_follow_the_words": "17 ms, 0 other texts",
    "captions_meet_their_words": "80 ms for 95 %",
    "captions_can_be_read": "0 violations",
    "brand_words_are_spelled_right": "0 words",
    "text_is_clear_of_buttons": "0 pixels",
    "text_reads_as_written": "0 texts",
    "captions_come_and_go_on_time": "1 frame",
    "is_as_loud_as_planned": "-14 ±0.5 LUFS, -1 dBTP",
    "speech_stands_over_music": "15 LU",
    "sound_is_in_sync": "20 ms",
    "sound_is_where_it_was": "20 ms",
    "colour_holds_across_cuts": "dE00 3 mean, 5 max",
    "colour_holds_in_true_setups": "dE00 3 mean, 5 max",
    "subject_stays_in_frame": "95 %, face 99 %",
    "subject_is_in_frame": "95 %, face 99 %",
    "is_not_enlarged_too_far": "1.9 times",
    "nothing_is_black_or_frozen": "0",
    "nothing_flashes": "3 a second",
    "nothing_clicks_or_drops_out": "0 clicks, holes of 40 ms",
    "has_the_right_size": "exact",
    "has_the_right_length": "exact, ±0.5 s",
    "plays_cleanly": "0 complaints",
    "says_what_the_brief_asks": "100 %, 0 forbidden",
    "content_is_as_asked": "0 forbidden",
    "campaign_says_what_it_must": "100 %",
    "campaign_shows_what_it_must": "100 %",
    "shows_what_it_cites": "95 % traced",
    "timeline_survives_otio": "exact",
    "xml_exports_agree": "exact",
    "cuts_share_little_footage": "50 %",
    "scenes_hold_together": "1 in 20 joins",
}
"""What CRAFT.md 8 asks of each measure, for people."""
