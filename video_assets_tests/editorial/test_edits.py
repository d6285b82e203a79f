"""edits.yaml: what a person may write, and what a ban leaves."""

from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import pytest

from video_assets.editorial.edits import (
    Ban,
    banned_in,
    load_edits,
    unbanned_lines,
    unbanned_shots,
)
from video_assets.editorial.ideas import make_ideas
from video_assets.editorial.takes import select_takes
from video_assets.foundation.errors import BriefError
from video_assets_tests.editorial import made


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "edits.yaml"
    path.write_text(text)
    return path


def test_no_file_is_no_edit(tmp_path: Path) -> None:
    found = load_edits(tmp_path / "edits.yaml")
    assert found.lock == () and found.ban == () and found.version == 1


def test_locks_and_bans_are_read(tmp_path: Path) -> None:
    found = load_edits(
        written(
            tmp_path,
            "version: 1\nlock:\n  - {cut: r1-02, why: the client likes it}\n"
            "ban:\n  - {clip: cam_a/one.mp4, start: 2.5, end: 4, why: a logo}\n  - clip: 0123456789ab\n",
        )
    )
    assert found.lock[0].cut == "r1-02"
    assert (found.ban[0].start, found.ban[0].end) == (2.5, 4)
    assert found.ban[1].names("any.mp4", "0123456789abcdef")
    assert not found.ban[1].names("any.mp4", "ff23456789abcdef")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lock:\n  - cut: one\n", r"line 2: lock\.0\.cut: 'one'"),
        ("version: 2\n", r"line 1: version: 2 is not one of 1"),
        ("bans: []\n", r"unknown key; did you mean 'ban'\?"),
        ("ban:\n  - {clip: a.mp4, start: 4, end: 2}\n", r"must lie after start"),
        ("ban:\n  - {clip: a.mp4, end: .inf}\n", r"line 2: ban\.0\.end"),
        ("lock: r1-01\n", r"write a list"),
        ("- one\n", r"must hold keys and values, such as `version: 1`"),
    ],
)
def test_mistakes_are_named_with_line_and_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BriefError, match=told) as error:
        load_edits(written(tmp_path, text))
    assert "edits.yaml" in str(error.value)


def test_a_banned_range_leaves_the_longest_piece() -> None:
    have = made.Library()
    clip = have.clip("a.mp4", 10)
    shots = unbanned_shots([Ban(clip="a.mp4", start=3, end=4)], have.shots, have.rows)
    assert [(s.start, s.end) for s in shots] == [(F(4), F(10))]
    assert unbanned_shots([Ban(clip="a.mp4")], have.shots, have.rows) == []
    assert unbanned_shots([Ban(clip="b.mp4")], have.shots, have.rows) == have.shots
    assert clip is not None


def test_a_banned_line_is_said_by_another_take_or_another_line() -> None:
    have = made.library("talk")
    brief = made.brief(durations=(15,))
    ideas, _ = make_ideas(brief, made.PLAN, *have.ideas_args)
    idea = ideas[0]

    def takes(bans: list[Ban]) -> list:
        rows, shots, words, lines, tags, sounds = have.ideas_args
        return select_takes(idea, brief, rows, shots, words, lines, sounds, tags, bans)

    before = [t for t in takes([]) if t.role == "story"]
    lines = {one.line_id: one for one in have.ideas_args[3]}
    first = lines[before[0].line_id]
    paths = {r.clip_id: r.path for r in have.rows}
    ban = Ban(clip=paths[first.clip_id], start=float(first.start), end=float(first.end))
    after = [t for t in takes([ban]) if t.role == "story"]
    assert first.line_id not in {t.line_id for t in after}
    assert unbanned_lines([ban], list(lines.values()), have.rows)
    for take in after:
        assert not (take.clip_id == first.clip_id and ban.meets(take.start, take.end)) or (
            take.line_id != first.line_id
        )
    # everything of that clip banned: pictures of it are gone too
    whole = takes([Ban(clip=paths[first.clip_id])])
    assert all(t.clip_id != first.clip_id for t in whole)


def test_what_a_finished_timeline_uses_of_a_ban_is_named() -> None:
    from video_assets.editorial.assembly import assemble

    have = made.library("talk")
    brief = made.brief(durations=(15,))
    rows, shots, words, lines, tags, sounds = have.ideas_args
    idea = make_ideas(brief, made.PLAN, *have.ideas_args)[0][0]
    takes = select_takes(idea, brief, rows, shots, words, lines, sounds, tags)
    timeline = assemble(idea, takes, brief, rows, shots, words, sounds, None)
    used = timeline.picture[0]
    told = banned_in([Ban(clip=used.path, why="not cleared")], timeline)
    assert told == [f"uses {used.path}, which edits.yaml bans (not cleared)"]
    assert banned_in([Ban(clip="other.mp4")], timeline) == []
    assert banned_in([Ban(clip=used.path)], replace(timeline, picture=(), sound=())) == []
