"""Words over the picture: escaped, on the right frames, inside the safe zone, with no system font."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from video_assets.delivery.inspections.letters import drawn as drawn_alone
from video_assets.delivery.inspections.letters import grouped
from video_assets.finishing import formats, typography
from video_assets.finishing.brand import BrandKit, contrast, load_brand, text_on
from video_assets.finishing.overlays import ass_for, escaped, marks
from video_assets.foundation.errors import BriefError
from video_assets.foundation.records import PictureCut, Timeline, Title


@dataclass(frozen=True)
class Chunk:
    text: str
    start: Fraction
    end: Fraction


BRAND = BrandKit("Wickfield & Daughters of the Long Quiet Evening", tagline="A slower light.")
HOSTILE = "{\\p1}m 0 0 l 99 99{\\pos(0,0)} \\N a\nb %{n} ':,[x]; Donaudampfschifffahrtsgesellschaftskapitän"


def a_timeline(fps=Fraction(25), hook="What if the dark felt like home, always?"):
    cut = PictureCut("V1", 0, 60, "a", "s", "a.mp4", Fraction(0))
    titles = (
        Title("hook", hook, 0, 25),
        Title("end_card", "Find your light at wickfield.example", 40, 20),
    )
    return Timeline("r1-01", "t", fps, 60, (cut,), titles=titles)


@pytest.mark.parametrize("aspect", formats.ASPECTS)
def test_no_pixel_of_text_outside_the_safe_zone(aspect):
    size = formats.size(aspect, 540)
    chunks = [
        Chunk("IMMEDIATELY GOING", Fraction(1, 25), Fraction(1)),
        Chunk(HOSTILE, Fraction(1), Fraction(36, 25)),
    ]
    drawn = marks(a_timeline(), chunks, aspect, size, BRAND)
    alone = list(drawn_alone(grouped(drawn, a_timeline()), size, aspect))
    assert alone
    for one in alone:
        assert one.letters.sum() > 200
        assert one.outside == 0
    assert any(m.kind == "caption" for m in drawn) == (aspect != "16x9")
    assert any(m.kind == "end_card" for m in drawn)


def test_layout_expects_the_pixels_that_are_drawn():
    size = formats.size("1x1", 1080)
    chunk = Chunk("for eighteen", Fraction(0), Fraction(1))
    line = Timeline("c", "t", Fraction(25), 60, a_timeline().picture)
    drawn = marks(line, [chunk], "1x1", size, BRAND)
    (one,) = drawn_alone(grouped(drawn, line), size, "1x1")
    rows, columns = np.nonzero(one.low > 200)
    rows, columns = rows + one.box.top, columns + one.box.left
    text = typography.width(
        "for eighteen", typography.fitted("for eighteen", 780, [1080 * 0.068], 1).em
    )
    assert abs((columns.max() - columns.min()) - text) < 0.05 * text
    assert abs((columns.max() + columns.min()) / 2 - 540) < 4
    assert rows.max() < formats.caption_box("1x1", *size).bottom
    assert (
        0.05 * 1080 <= typography.fitted("for eighteen", 780, [1080 * 0.068], 1).em <= 0.08 * 1080
    )


def test_text_cannot_become_tags_or_lines():
    assert escaped("a{\\b1}b\nc") == "a\\{\\\u2060b1\\}b c"
    size = formats.size("9x16", 540)
    line = a_timeline(hook=HOSTILE)
    text = ass_for(marks(line, [], "9x16", size, BRAND), size, line.fps, 0, 60)
    for event in text.split("[Events]")[1].splitlines()[2:]:
        assert event.startswith("Dialogue: ")
        assert not event.rpartition("}")[2].startswith("m ") or "\\p1" in event.split("}")[0]


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), Fraction(30)])
def test_a_mark_is_on_exactly_its_frames_in_every_slice(fps):
    line = a_timeline(fps)
    chunk = Chunk("now", Fraction(20) / fps, Fraction(33) / fps)
    size = formats.size("1x1", 540)
    drawn = [m for m in marks(line, [chunk], "1x1", size, BRAND) if m.kind == "caption"]
    assert {(m.start, m.end) for m in drawn} == {(20, 33)}
    for start, frames in ((0, 60), (15, 10), (25, 30), (33, 10)):
        text = ass_for(drawn, size, fps, start, frames)
        seen = set()
        for event in text.splitlines():
            if event.startswith("Dialogue"):
                begin, end = (
                    sum(float(p) * s for p, s in zip(t.split(":"), (3600, 60, 1), strict=True))
                    for t in event.split(",")[1:3]
                )
                seen |= {k for k in range(frames) if begin <= k / fps < end}
        assert seen == {k - start for k in range(20, 33)} & set(range(frames))


def test_the_font_is_the_bundled_one_and_nothing_else_is_asked():
    known = typography.metrics()
    assert len(known.widths) > 500
    assert known.widths[ord("W")] > known.widths[ord("i")]
    assert typography.undrawable("Kestrel – café 漢") == ["漢"]
    assert [p.suffix for p in sorted(typography.FONTS.iterdir())] == [".otf", ".txt"]


def test_long_words_are_made_smaller_never_cut_off():
    setting = typography.fitted("Donaudampfschifffahrtsgesellschaftskapitän", 300, [40, 36], 2)
    assert setting.lines == ("Donaudampfschifffahrtsgesellschaftskapitän",)
    assert setting.width <= 300


def test_brand_colours_are_read_and_stay_legible(tmp_path):
    assert load_brand(tmp_path, "acme").name == "acme"
    (tmp_path / "brand.yaml").write_text(
        "name: W\ncolors: {primary: '#E8A33D', ink: '#14202B', paper: '#1a1a1a'}\n"
    )
    kit = load_brand(tmp_path, "acme")
    assert (kit.name, kit.primary, kit.text) == ("W", "#E8A33D", "#ffffff")
    assert contrast(text_on(kit.primary), kit.primary) > 4.5
    (tmp_path / "brand.yaml").write_text("colors: {ink: blue}\n")
    with pytest.raises(BriefError, match="ink is 'blue'"):
        load_brand(tmp_path, "acme")
    (tmp_path / "brand.yaml").write_text("- a\n")
    with pytest.raises(BriefError, match="keys and values"):
        load_brand(tmp_path, "acme")
