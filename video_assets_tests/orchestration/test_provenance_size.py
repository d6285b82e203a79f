"""Tracing in a large project: the same answers, and no timeline is read that does not matter."""

import hashlib
import random
from fractions import Fraction as F

import pytest

from video_assets.editorial import timeline
from video_assets.editorial.timeline import to_otio
from video_assets.foundation.records import FootageRow, Line, PictureCut, SoundCut, Timeline
from video_assets.foundation.store import Workspace, digest_of
from video_assets.orchestration.provenance import trace
from video_assets.orchestration.standing import State

FPS = F(24000, 1001)


def cutdown(name: str, rows: list[FootageRow], dice: random.Random) -> Timeline:
    """Twenty stretches of as many clips, each with its sound and what is said."""
    chosen = [dice.choice(rows) for _ in range(20)]
    picture = [
        PictureCut(
            "V1", 36 * k, 36, r.clip_id, f"{r.clip_id[:12]}-0001", r.path, F(1001 * k, 24000),
            line_id=f"{r.clip_id[:12]}-l0001", take_id=f"{name}-t{k}", why="sharp", terms={"a": 1.0},
        )
        for k, r in enumerate(chosen)
    ]  # fmt: skip
    sound = [
        SoundCut("A1", 36 * k / FPS, 36 / FPS, r.clip_id, r.path, F(0), f"{r.clip_id[:12]}-l0001")
        for k, r in enumerate(chosen)
    ]
    return Timeline(name, "made up", FPS, 720, tuple(picture), tuple(sound))


def library(root, clips: int, cuts: int):
    """A project with footage, lines, timelines and cutdowns in the stored formats, made up."""
    (root / "projects" / "big" / "footage").mkdir(parents=True)
    project = Workspace(root).project("big")
    dice = random.Random(8)
    ids = [hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(clips)]
    rows = [
        FootageRow(f"card{i // 500}/c{i:05d}.mp4", "clip", i, i, clip_id=one, duration=F(i, 24))
        for i, one in enumerate(ids)
    ]
    lines = [Line(f"{i[:12]}-l0001", i, 1, f"said in {i[:4]}", F(0), F(1), 0, 3) for i in ids]
    made = [cutdown(f"r1-{n:02d}", rows, dice) for n in range(1, cuts + 1)]
    texts = {line.cut_id: to_otio(line, rows, project.footage_root) for line in made}

    def footage(draft):
        draft.records("library/footage.parquet", FootageRow, rows)
        draft.records("library/lines.parquet", Line, lines)

    def timelines(draft):
        for name, text in texts.items():
            draft.text(f"editorial/timelines/{name}.otio", text)

    project.make("footage", "1", {}, footage)
    project.make("timelines", "1", {}, timelines)
    for line in made:

        def write(draft, line=line):
            base, video = f"delivery/{line.cut_id}/9x16", line.cut_id.encode() * 1000
            draft.path(f"{base}.mp4").write_bytes(video)
            draft.text(f"{base}.otio", texts[line.cut_id])
            sha256 = hashlib.sha256(video).hexdigest()
            draft.json(f"{base}.verdict.json", {"sha256": sha256, "passed": True})
            draft.facts.update(cut_id=line.cut_id, aspect="9x16", sha256=sha256)

        project.make(f"artefacts/{line.cut_id}/9x16", "1", {"timeline": digest_of(line)}, write)
    return project, made


def both_ways(root, clips: int, cuts: int, patch: pytest.MonkeyPatch) -> None:
    """Every tenth cut and a clip of it: what is told is what the timelines say."""
    project, made = library(root, clips, cuts)
    read, plain = [], timeline.from_otio
    patch.setattr(timeline, "from_otio", lambda text: (read.append(1), plain(text))[1])
    for line in made[::10]:
        read.clear()
        whole = trace(project, line.cut_id)
        assert len(read) == 1 and len(whole.uses) == 40
        assert {r.clip_id for r in whole.paths} == {c.clip_id for c in line.picture}
        assert all(u.says == f"said in {u.clip_id[:4]}" for u in whole.uses)
        assert [(m.cut_id, m.state) for m in whole.cutdowns] == [(line.cut_id, State.PUBLISHABLE)]
        cut = line.picture[0]
        using = [t.cut_id for t in made if any(c.clip_id == cut.clip_id for c in t.picture)]
        read.clear()
        found = trace(project, cut.path)
        assert len(read) == len(using) and found.more["lines"] == 1
        assert [m.cut_id for m in found.cutdowns] == sorted(using)
        wanted = sum(c.clip_id == cut.clip_id for t in made for c in (*t.picture, *t.sound))
        assert len(found.uses) == wanted


def test_what_a_small_library_is_used_for(tmp_path, monkeypatch):
    both_ways(tmp_path, 30, 3, monkeypatch)


@pytest.mark.soak
def test_ten_thousand_clips_and_a_hundred_cutdowns(tmp_path, monkeypatch):
    both_ways(tmp_path, 10_000, 100, monkeypatch)
