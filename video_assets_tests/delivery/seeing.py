"""What tests of pictures judge, and how they change it."""

from dataclasses import replace
from fractions import Fraction

from video_assets.delivery.inspections import (
    beside,
)
from video_assets.delivery.inspections.case import Case, Tables
from video_assets.delivery.inspections.truth import TrueClip, Truth
from video_assets.foundation.records import Shot, Title
from video_assets_tests.delivery.cases import CAPTION, Made, made
from video_assets_tests.finishing import making

BT709 = (
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
)  # fmt: skip
QUICK = ("-c:a", "copy", "-c:v", "libx264", "-preset", "ultrafast", *BT709)


def clip(folder, name, graph, *more):
    """A silent clip of one lavfi graph, tagged BT.709, and its row."""
    path = folder / "footage" / name
    path.parent.mkdir(exist_ok=True)
    making.ffmpeg(
        "-f", "lavfi", "-i", f"{graph},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        "-c:v", "libx264", "-preset", "ultrafast", *BT709, *more, str(path),
    )  # fmt: skip
    return making.row_of(path, color="bt709/bt709/bt709")


def watched(folder) -> Made:
    """Two moving clips, one of them again punched in, a still dark one, a caption, an end card."""
    a = clip(folder, "a.mp4", "testsrc2=s=480x270:r=25:d=4")
    b = clip(
        folder,
        "b.mp4",
        "mandelbrot=s=480x270:r=25:start_scale=2:end_scale=0.1:end_pts=100,trim=end=4",
    )
    dark = clip(folder, "dark.mp4", "smptebars=s=480x270:r=25:d=2,eq=brightness=-0.4")
    line = making.timeline(
        25,
        [
            making.picture(a, 0, 25, 0),
            making.picture(a, 25, 20, Fraction(8, 5), scale=1.2),
            making.picture(b, 45, 20, Fraction(2, 5)),
            making.picture(dark, 65, 12, Fraction(1, 5)),
            making.picture(b, 77, 20, 2),
        ],
        titles=(Title("end_card", "Come and see", 85, 12),),
    )
    shots = {
        f"{row.clip_id[:12]}-0001": Shot(
            f"{row.clip_id[:12]}-0001", row.clip_id, 1, Fraction(0), row.duration, setup=setup
        )
        for row, setup in ((a, "one"), (b, "two"), (dark, "three"))
    }
    tables = Tables({r.path: r for r in (a, b, dark)}, shots=shots)
    return made(folder, line, [a, b, dark], ("9x16", "16x9"), (CAPTION,), tables=tables)


def odd_footage(folder) -> Made:
    """Footage that is black, flashes, has a cut of its own, stands, ends early, and a copy."""
    fades = "testsrc2=s=480x270:r=25:d=3,fade=out:12:8"
    a = clip(
        folder,
        "a.mp4",
        "mandelbrot=s=480x270:r=25:start_scale=1:end_scale=0.2:end_pts=60,trim=end=2",
    )
    rows = [
        a,
        clip(folder, "copy.mp4", f"movie={folder / 'footage' / 'a.mp4'}", "-crf", "32"),
        clip(folder, "fades.mp4", fades),
        clip(folder, "strobe.mp4", "color=gray:s=480x270:r=25:d=2,geq=lum='if(lt(mod(N,4),2),40,220)':cb=128:cr=128"),
        clip(folder, "still.mp4", "smptebars=s=480x270:r=25:d=3"),
        clip(folder, "two.mp4", "testsrc2=s=480x270:r=25:d=1[x];mandelbrot=s=480x270:r=25,trim=end=1[y];[x][y]concat"),
    ]  # fmt: skip
    _, copy, fades_row, strobe, still, two = rows
    line = making.timeline(
        25,
        [
            making.picture(a, 0, 15, Fraction(1, 5)),
            making.picture(fades_row, 15, 20, Fraction(2, 5)),
            making.picture(copy, 35, 15, Fraction(1, 5)),
            making.picture(still, 50, 12, 0),
            making.picture(strobe, 62, 25, Fraction(1, 5)),
            making.picture(still, 87, 12, 1),
            making.picture(two, 99, 21, Fraction(5, 25)),
            making.picture(fades_row, 120, 20, Fraction(68, 25)),
        ],
    )
    return made(folder, line, rows, ("16x9",))


def spoiled(clean: Made, like: Case, name: str, graph: str, *more: str) -> Case:
    """A case of a cutdown that went through a filter graph."""
    file = clean.spoiled(name, *QUICK, "-vf", graph, *more, aspect=like.aspect)
    return replace(like, file=file)


def cited(case: Case, **changes) -> Case:
    """The same file with other citations."""
    found = replace(case, **changes)
    found.__dict__["film"] = case.film
    return found


def moved(case: Case, number: int, **changes) -> Case:
    """The same file, one cut of its timeline changed."""
    cuts = list(case.timeline.picture)
    cuts[number] = replace(cuts[number], **changes)
    return cited(case, timeline=replace(case.timeline, picture=tuple(cuts)))


def painted(case: Case, change) -> Case:
    """The same file, its small pictures changed (in place) by a function."""
    small = case.film.small.copy()
    change(small)
    found = replace(case)
    found.__dict__["film"] = replace(case.film, small=small)
    return found


def as_footage(case: Case, first: int, last: int):
    """Nothing is written over the footage from one frame to before another."""

    def change(small):
        for one in beside.beside(case):
            part = slice(max(0, first - one.shown.start), max(0, last - one.shown.start))
            plain = one.source[one.cited()][part]
            begin = one.shown.start + part.start
            small[begin : begin + len(plain)] = plain

    return change


def boxed(small, first, last, part):
    """A white box over a part (left, top, width, height: shares) of some frames."""
    height, width = small.shape[1:3]
    left, top, right, bottom = part[0], part[1], part[0] + part[2], part[1] + part[3]
    rows = slice(round(top * height), round(bottom * height))
    small[first:last, rows, round(left * width) : round(right * width)] = 255


def truth(*clips: TrueClip) -> Truth:
    return Truth(1, "tiny", clips, {})


def true_clip(path="a.mp4", **fields) -> TrueClip:
    known = {"kind": "interview", "camera": "A", "setup": "kitchen", "moment": "", "duration": 4.0}
    return TrueClip(**{"path": path, **known, **fields})
