"""Records keep every bit on their way through Parquet and JSON."""

from fractions import Fraction

import pytest

from video_assets.foundation.records import (
    Beat,
    Idea,
    MusicCue,
    PictureCut,
    Shot,
    Soundtrack,
    Timeline,
    from_plain,
    read_records,
    to_plain,
    write_records,
)

SHOT = Shot(
    "a-0001",
    "a",
    1,
    Fraction(1, 3),
    Fraction(1001, 30000),
    face=(0.1, 0.2, 0.3, 0.4),
    stills=("x.jpg",),
    still_times=(Fraction(1, 7),),
)
SOUND = Soundtrack(
    "a", Fraction(5), Fraction(0), "a.wav", -23.0, -3.0, 20.0, ((Fraction(1), Fraction(2)),), ()
)


@pytest.mark.parametrize("rows", [[SHOT, SHOT], [SOUND], []], ids=["shots", "nested", "none"])
def test_parquet_round_trip(tmp_path, rows):
    kind = type(rows[0]) if rows else Shot
    write_records(tmp_path / "x.parquet", kind, rows)
    assert read_records(tmp_path / "x.parquet", kind) == rows


def test_parquet_is_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        write_records(tmp_path / name, Shot, [SHOT])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_json_round_trip():
    cut = PictureCut("V1", 0, 25, "a", "a-0001", "a.mp4", Fraction(1, 3), terms={"speech": 0.5})
    line = Timeline("r1-01", "t", Fraction(24000, 1001), 25, (cut,), music=MusicCue("m.wav", "00"))
    assert from_plain(Timeline, to_plain(line)) == line
    idea = Idea("r1-01", "r1", "montage", "t", "h", 0.5, Fraction(6), (Beat("hook"),), "", "")
    assert from_plain(Idea, to_plain(idea)) == idea
    assert from_plain(Timeline, {**to_plain(line), "music": None}).music is None
