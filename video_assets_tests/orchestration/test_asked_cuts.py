"""What counts as asked for: every round that was to be rendered, also one of which nothing is."""

import json
from fractions import Fraction

from video_assets.editorial.timeline import to_otio
from video_assets.foundation.records import Idea, PictureCut, Timeline, to_plain
from video_assets.orchestration.cases import asked_cuts
from video_assets.orchestration.steps import version_of
from video_assets_tests.finishing import making


def test_a_round_that_failed_whole_was_asked_for(tmp_path):
    (tmp_path / "footage").mkdir()
    _, project = making.project(tmp_path, tmp_path / "footage")

    def entry(name):
        ideas = [Idea(f"{name}-01", name, "montage", "T", "", 0.0, Fraction(6), (), "", "")]
        refused = [{"duration": 15, "why": "too little footage for 15 s"}]
        return {"round": name, "claims": "", "ideas": to_plain(ideas), "refused": refused}

    told = json.dumps({"rounds": [entry("r1"), entry("r2")]})
    cut = PictureCut("V1", 0, 50, "c" * 32, "s", "a.mp4", Fraction(0))
    line = Timeline("r1-01", "T", Fraction(25), 50, (cut,))
    otio = to_otio(line, [], tmp_path / "footage")
    with project.leased():
        project.make("ideas", "1", {}, lambda draft: draft.text("editorial/ideas.json", told))
        before = {"ideas": "of another time"}

        def write(draft):
            draft.text("editorial/timelines/r1-01.otio", otio)

        project.make("timelines", "1", before, write)
        assert asked_cuts(project) == {}  # planned, and not begun
        through = {"timelines": version_of(project, "timelines")}
        project.make("cutdowns/1x1", "1", through, lambda draft: draft.text("delivery/x", "x"))
        first = {"r1-01": "", "r1 15 s": "too little footage for 15 s"}
        assert asked_cuts(project) == first  # begun, and nothing came of it
        now = {"ideas": version_of(project, "ideas")}
        project.make("timelines", "1", now, write)
        second = {"r2-01": "it has no timeline", "r2 15 s": "too little footage for 15 s"}
        assert asked_cuts(project) == {**first, **second}
