"""Every kind of source: what its row says, its stills, its renders and what inspections see."""

import os
import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from video_assets.delivery.inspections.beside import cropped
from video_assets.delivery.inspections.sources import LOOKED_AT, Sources
from video_assets.delivery.receipt import receipt
from video_assets.finishing import segments
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.reframe import crop_for
from video_assets.finishing.render import pieces_of
from video_assets.foundation.media import open_container
from video_assets.foundation.records import FootageRow, from_plain, to_plain
from video_assets.foundation.store import Workspace
from video_assets.library import analysis, fields, tone
from video_assets.library.probe import probe
from video_assets.library.treatment import treatment
from video_assets_tests.finishing.making import ffmpeg, picture, timeline

CORNERS = {"TL": (0.12, 0.12), "TR": (0.88, 0.12), "BL": (0.12, 0.88), "BR": (0.88, 0.88)}
PAINTED = {"TL": (191, 0, 0), "TR": (0, 191, 0), "BL": (0, 0, 191), "BR": (191, 191, 0)}
TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "2")


def painted(width: int, height: int, seconds: float = 0.2) -> str:
    """Four corners of four colours on grey 128, as RGB."""
    w, h = width // 3, height // 3
    boxes = [
        f"drawbox={x}:{y}:{w}:{h}:0x{bytes(PAINTED[at]).hex()}:fill"
        for at, (x, y) in {
            "TL": (0, 0), "TR": (width - w, 0), "BL": (0, height - h), "BR": (width - w, height - h)
        }.items()
    ]  # fmt: skip
    graph = f"color=0x808080:s={width}x{height}:r=25:d={seconds},format=gbrp"
    return ",".join([graph, *boxes])


def yuv(kind: str = "yuv420p", matrix: str = "bt709", scale: str = "tv") -> tuple[str, str]:
    flags = "flags=accurate_rnd+full_chroma_int"
    return "-vf", f"scale=out_color_matrix={matrix}:out_range={scale}:{flags},format={kind}"


def row_of(path: Path) -> FootageRow:
    info = path.stat()
    row = FootageRow(path.name, "clip", info.st_size, info.st_mtime_ns, info.st_ino, path.stem)
    return from_plain(FootageRow, {**to_plain(row), **to_plain(probe(path))})


def still_of(tmp_path: Path, path: Path, row: FootageRow, number: int = 0):
    """A still as RGB, its time, and the figures of the first shot."""
    workspace = Workspace(tmp_path / "data")
    facts = analysis.analyse(str(workspace.root), path.parent, to_plain(row))
    shot = facts["shots"][0]
    still = cv2.imread(str(workspace.root / shot["stills"][number]))
    return still[:, :, ::-1], Fraction(shot["still_times"][number]), shot


def rendered(tmp_path: Path, path: Path, row: FootageRow, frames: int = 2, start=None, fps=25):
    """The frames of a segment, RGB by BT.709's own arithmetic."""
    workspace = Workspace(tmp_path / "data")
    start = row.video_start if start is None else start
    line = timeline(fps, [picture(row, 0, frames, start)])
    aspect = "9x16" if row.portrait else "16x9"
    (piece,) = pieces_of(line, {row.path: row}, [aspect], BrandKit("Test"), ())
    segments.make(workspace, path.parent, [piece])
    found = []
    with open_container(segments.folder(workspace, piece) / segments.PICTURE) as container:
        for frame in container.decode(video=0):
            assert frame.rotation == 0 and not frame.interlaced_frame
            y, cb, cr = (
                np.frombuffer(bytes(p), np.uint8).reshape(p.height, p.line_size)[:, : p.width]
                for p in frame.planes
            )
            cb, cr = (np.kron(c, np.ones((2, 2))) - 128 for c in (cb, cr))
            luma = (y.astype(float) - 16) / 219
            red, blue = luma + 1.5748 * cr / 224, luma + 1.8556 * cb / 224
            green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
            found.append(np.clip(np.stack([red, green, blue], -1) * 255, 0, 255))
    return found


def at(picture_, x: float, y: float):
    height, width = picture_.shape[:2]
    return picture_[
        round(height * (y - 0.03)) : round(height * (y + 0.03)) + 1,
        round(width * (x - 0.03)) : round(width * (x + 0.03)) + 1,
    ].mean(axis=(0, 1))


def far_off(picture_, corners=PAINTED) -> float:
    """Levels by which the worst corner is off."""
    return max(float(abs(at(picture_, *CORNERS[c]) - corners[c]).max()) for c in corners)


def everywhere(tmp_path: Path, path: Path, row: FootageRow):
    """(name, RGB) of the still, the render and what inspections see of a clip's first picture."""
    yield "still", still_of(tmp_path, path, row)[0]
    yield "render", rendered(tmp_path, path, row)[0]
    seen = Sources(path.parent, {row.path: row})
    yield (
        "seen",
        seen.pictures(row.path, row.video_start, row.video_start + Fraction(1, 10)).small[0],
    )


def lying(data: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """An MP4's bytes with the display matrix (a, b, c, d) in its track."""
    packed = [
        struct.pack(">9i", a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 0, 0, 1 << 30)
        for a, b, c, d in ((1, 0, 0, 1), matrix)
    ]
    place = data.index(packed[0], data.index(b"tkhd"))
    return data[:place] + packed[1] + data[place + len(packed[1]) :]


@pytest.fixture(scope="module")
def flat(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("flat") / "flat.mp4"
    ffmpeg("-f", "lavfi", "-i", painted(320, 180), *yuv(), *X264, *TAGS, str(path))
    return path


@pytest.mark.parametrize(
    ("matrix", "rotation", "mirrored"),
    [
        ((1, 0, 0, 1), 0, False), ((0, 1, -1, 0), 90, False),
        ((-1, 0, 0, -1), 180, False), ((0, -1, 1, 0), 270, False),
        ((-1, 0, 0, 1), 0, True), ((0, 1, 1, 0), 90, True),
        ((1, 0, 0, -1), 180, True), ((0, -1, -1, 0), 270, True),
    ],
)  # fmt: skip
def test_all_eight_ways_to_lie_stand_upright(flat, tmp_path, matrix, rotation, mirrored):
    a, b, c, d = matrix  # of ISO 14496-12: a picture's (x, y) is shown at (ax + cy, bx + dy)
    path = tmp_path / "turned.mp4"
    path.write_bytes(lying(flat.read_bytes(), matrix))
    row = row_of(path)
    assert (row.rotation, row.mirrored) == (rotation, mirrored)
    assert (row.width, row.height) == ((180, 320) if rotation in (90, 270) else (320, 180))
    places = {"TL": (0, 0), "TR": (1, 0), "BL": (0, 1), "BR": (1, 1)}
    moved = {n: (a * x + c * y, b * x + d * y) for n, (x, y) in places.items()}
    left, top = (min(p[n] for p in moved.values()) for n in (0, 1))
    named = {p: n for n, p in places.items()}
    truth = {named[x - left, y - top]: PAINTED[n] for n, (x, y) in moved.items()}
    for shown in (still_of(tmp_path, path, row)[0], rendered(tmp_path, path, row)[0]):
        assert far_off(shown, truth) <= 8


@pytest.mark.parametrize(
    ("name", "size", "options", "square"),
    [
        ("wide.mp4", (160, 180), [*yuv(), *X264, "-aspect", "16:9"], (320, 180)),
        ("high.mp4", (320, 90), [*yuv(), *X264, "-aspect", "16:9"], (320, 180)),
        ("ten.mp4", (320, 180), [*yuv("yuv420p10le"), *X264], (320, 180)),
        ("full.mov", (320, 180), [*yuv("yuv422p10le", scale="pc"), *X264, "-color_range", "pc"], (320, 180)),
        ("rgb.mkv", (320, 180), ["-c:v", "ffv1", "-pix_fmt", "gbrp"], (320, 180)),
        ("odd.mkv", (321, 179), [*yuv("yuv444p"), "-c:v", "ffv1"], (321, 179)),
        ("untagged.mp4", (1040, 586), ["-vf", f"{yuv()[1]},setparams=colorspace=unknown", *X264], (1040, 586)),
    ],
)  # fmt: skip
def test_shapes_depths_and_ranges(tmp_path, name, size, options, square):
    path = tmp_path / name
    tags = TAGS if name != "untagged.mp4" else ()
    ffmpeg("-f", "lavfi", "-i", painted(*size), *options, *tags, str(path))
    row = row_of(path)
    assert (row.width, row.height) == square and not tone.is_hdr(row)
    assert tone.named(row) == {} and fields.named(row) == {}  # SDR's names stay what they were
    for kind, shown in everywhere(tmp_path, path, row):
        assert far_off(shown) <= 8, kind


NITS = (0, 10, 26, 50, 90, 203, 400, 1000)
LEVELS = (0, 73, 108, 142, 182, 230, 250, 255)
"""What BT.2390's curve makes of them: 255 * (nits / 203) ** (1 / 2.4) up to its knee near 92."""
TO_2020 = np.array(
    [[0.62740, 0.32928, 0.04331], [0.06910, 0.91954, 0.01136], [0.01639, 0.08801, 0.89560]]
)


def hdr(path: Path, transfer: str, *, scan: str = "") -> Path:
    """Greys of NITS above, four colours of 100 nits below, as an HDR clip of 320x180."""
    light = np.zeros((180, 320, 3))
    for n, nits in enumerate(NITS):
        light[:90, n * 40 : (n + 1) * 40] = nits
    for n, colour in enumerate([(1, 0.2, 0.2), (0.2, 1, 0.2), (0.2, 0.2, 1), (0.5, 0.3, 0.2)]):
        light[90:, n * 80 : (n + 1) * 80] = TO_2020 @ (np.array(colour) * 100)
    if transfer == "smpte2084":
        power = (light / 10000) ** (2610 / 16384)
        signal = (3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)
        signal **= 2523 / 32
    else:
        grey = np.maximum(light @ (0.2627, 0.6780, 0.0593), 1e-9) / 1000
        scene = light / 1000 * (grey ** (1 / 1.2 - 1))[..., None]
        log = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), log)
    raw = path.with_suffix(".raw")
    raw.write_bytes((np.clip(signal, 0, 1) * 65535 + 0.5).astype("<u2").tobytes() * 5)
    colours = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    ffmpeg(
        "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "320x180", "-r", "25", "-i", str(raw),
        "-vf", "scale=out_color_matrix=bt2020:out_range=tv:flags=accurate_rnd+full_chroma_int,"
        f"format=yuv420p10le,setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc",
        "-c:v", "libx265", "-preset", "ultrafast",
        "-x265-params", f"log-level=none:qp=2:pools=1:{colours}{scan}", str(path),
    )  # fmt: skip
    return path


@pytest.mark.parametrize("transfer, turned", [("smpte2084", False), ("arib-std-b67", True)])
def test_hdr_is_tone_mapped_alike_wherever_it_is_seen(tmp_path, transfer, turned):
    path = hdr(tmp_path / "hdr.mp4", transfer)
    if turned:  # a quarter clockwise and mirrored: rows become columns
        path.write_bytes(lying(path.read_bytes(), (0, 1, 1, 0)))
    row = row_of(path)
    assert (row.rotation, row.mirrored) == ((90, True) if turned else (0, False))
    assert row.color == f"bt2020/{transfer}/bt2020nc" and tone.is_hdr(row)
    paper = receipt(timeline(25, [picture(row, 0, 2, 0)]), None, [row], {})
    told = paper["sources"]["hdr.mp4"]["picture"]
    assert told == list(treatment(row)) and any("tone-mapped" in done for done in told)
    for name, upright in everywhere(tmp_path, path, row):
        shown = upright.swapaxes(0, 1) if turned else upright
        greys = [at(shown, (n + 0.5) / 8, 0.25) for n in range(8)]
        assert np.abs(np.array(greys) - np.array(LEVELS)[:, None]).max() <= 3, name
        for n, colour in enumerate([(1, 0.2, 0.2), (0.2, 1, 0.2), (0.2, 0.2, 1), (0.5, 0.3, 0.2)]):
            wanted = 255 * (np.array(colour) * 100 / 203) ** (1 / 2.4)
            assert np.abs(at(shown, (n + 0.5) / 4, 0.75) - wanted).max() <= 6, (name, n)
    _, _, shot = still_of(tmp_path, path, row)
    greys_clipped = 3 / 8 / 2  # black, 400 and 1000 nits of the upper half
    assert shot["clipped"] == pytest.approx(greys_clipped, abs=0.02)


def test_the_curve_of_a_brighter_screen_keeps_its_highlights():
    at_4000 = 0.9026  # PQ of 4000 cd/m2
    light = np.array([[0.5807] * 3, [0.7518] * 3, [at_4000] * 3])  # 203, 1000, 4000
    usual = tone.shown(light, ("bt2020", "smpte2084", 1000))[:, 0]
    wide = tone.shown(light, ("bt2020", "smpte2084", 4000))[:, 0]
    assert usual[1:] == pytest.approx(1, abs=1e-3)
    assert wide[0] < usual[0] and wide[1] < 0.99 and wide[2] == pytest.approx(1, abs=1e-3)
    coloured = tone.shown(np.array([0.9, 0.2, 0.4]), ("bt2020", "smpte2084", 1000))
    assert coloured[0] > coloured[2] > coloured[1] >= 0  # no colour is cut off alone
    frame = (np.random.default_rng(1).random((9, 16, 3)) * 65535).astype(np.uint16)
    for curve in tone.CURVES:
        exactly = tone.shown(frame / 65535, ("bt2020", curve, 1000))[..., ::-1] * 255
        assert np.abs(tone.shown_frame(frame, ("bt2020", curve, 1000)) - exactly).max() <= 0.6


MOVING = (
    "color=0x303030:s={}x{}:r=50:d=0.4,geq=lum='if(between(X-4*N,60,100),200,60)':cb=128:cr=128"
)
"""A white bar 40 wide that moves 4 pixels a field to the right."""


def bar(picture_, across: int = 1) -> float:
    """Where the bar begins, as a share of the width."""
    grey = picture_.mean(axis=2).mean(axis=1 - across)
    return float(np.argmax(grey > (grey.min() + grey.max()) / 2)) / len(grey)


def combed(picture_, across: int = 1) -> float:
    """How much neighbouring lines differ from those between them, levels."""
    grey = picture_.mean(axis=2)
    grey = grey if across else grey.T
    return float(np.abs(2 * grey[1:-1] - grey[:-2] - grey[2:]).mean())


@pytest.mark.parametrize(
    ("name", "scan", "options"),
    [
        ("bottom.avi", "bff", ["-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme"]),
        ("unmarked.mov", "tff", ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p"]),
        ("turned.mp4", "tff", [*X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"]),
    ],
)
def test_interlaced_pictures_are_made_whole(tmp_path, name, scan, options):
    path, flat = tmp_path / name, tmp_path / f"flat-{name}"
    graph = f"{MOVING.format(320, 180)},format=yuv420p,interlace=scan={scan}:lowpass=off"
    ffmpeg("-f", "lavfi", "-i", graph, *options, str(flat))
    if name == "turned.mp4":
        ffmpeg("-display_rotation", "-90", "-i", str(flat), "-c", "copy", str(path))
    else:
        flat.rename(path)
    row = row_of(path)
    across = 0 if row.rotation else 1
    assert row.interlaced and row.rotation == (90 if name == "turned.mp4" else 0)
    assert row.first_field == ("tff" if name == "unmarked.mov" else "")
    assert any("deinterlaced" in done for done in treatment(row))
    where = [(60 + 8 * n) / 320 for n in range(10)]  # of the first field of each frame
    frames = rendered(tmp_path, path, row, frames=6)
    assert [bar(f, across) for f in frames] == pytest.approx(where[:6], abs=0.008)
    assert max(combed(f, across) for f in frames) < 0.6
    still, time, _ = still_of(tmp_path, path, row, 1)
    number = round((time - row.video_start) * 25)
    assert bar(still, across) == pytest.approx(where[number], abs=0.008)
    assert combed(still, across) < 0.6
    seen = Sources(tmp_path, {row.path: row}).pictures(row.path, Fraction(0), Fraction(1, 5)).small
    assert [bar(f, across) for f in seen[:5]] == pytest.approx(where[:5], abs=0.008)


@pytest.mark.parametrize("codec", [["mpeg4", "-q:v", "2"], ["libx264", "-bf", "2", "-qp", "8"]])
def test_containers_that_count_in_frames_begin_on_the_first(tmp_path, codec):
    path = tmp_path / "fifty.avi"
    ffmpeg("-f", "lavfi", "-i", MOVING.format(320, 180), "-c:v", *codec, str(path))
    row = row_of(path)
    still, time, _ = still_of(tmp_path, path, row, 1)
    shown = 60 + 4 * round((time - row.video_start) * 50)
    assert bar(still) == pytest.approx(shown / 320, abs=0.008)
    frames = rendered(tmp_path, path, row, frames=5)
    assert [bar(f) for f in frames] == pytest.approx(
        [(60 + 8 * n) / 320 for n in range(5)], abs=0.008
    )


def test_names_of_derived_files_hold_what_was_done(tmp_path):
    row = FootageRow("a.mp4", "clip", 1, 0, clip_id="c", width=320, height=180, fps=Fraction(25))
    cut = picture(row, 0, 5, 0)

    def digest(**more):
        from dataclasses import replace

        one = replace(row, video_stream=0, duration=Fraction(1), **more)
        pieces = pieces_of(timeline(25, [cut]), {"a.mp4": one}, ["16x9"], BrandKit("Test"), ())
        return pieces[0].digest

    pq = "bt2020/smpte2084/bt2020nc"
    names = [
        digest(), digest(color="bt2020/bt709/bt2020nc"), digest(color=pq),
        digest(color=pq, peak=4000), digest(interlaced=True),
        digest(interlaced=True, first_field="bff"), digest(container="avi"),
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    assert digest(color=pq, peak=1000) == digest(color=pq)  # what is meant where nothing is said
    assert digest(color="bt709/bt709/bt709", peak=4000) == digest(color="bt709/bt709/bt709")


@pytest.mark.soak
def test_the_corpus_looks_alike_in_stills_renders_and_inspections(tmp_path):
    """Every clip of corpus/edge, HDR and all: what is seen agrees to 4 levels (64x64: 8)."""
    named = os.environ.get("VIDEO_ASSETS_CORPUS")
    if not named:
        pytest.skip("corpus is absent")
    looked = 0
    for path in sorted((Path(named) / "edge").iterdir()):
        try:
            row = row_of(path)
        except Exception:  # what cannot be used has tests of its own
            continue
        if row.role != "clip" or min(row.width, row.height) < 16 or row.duration > 60:
            continue
        most = 4 if row.width > 64 else 8  # a still is no larger than its source, and a JPEG
        still, time, _ = still_of(tmp_path, path, row)
        seen = Sources(path.parent, {row.path: row}).pictures(row.path, time, time + 1)
        other = seen.small[seen.at(time)]
        size = other.shape[1], other.shape[0]
        like = cv2.resize(still.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        assert np.abs(like - other).mean() <= most, path.name
        frame = rendered(tmp_path, path, row, start=time)[0]
        aspect = "9x16" if row.portrait else "16x9"
        crop = crop_for(picture(row, 0, 2, time), row, aspect)
        share = (crop.x / row.width, crop.y / row.height)
        share += (crop.width / row.width, crop.height / row.height)
        down = max(frame.shape) / LOOKED_AT  # as large as what inspections keep
        size = (round(frame.shape[1] / down), round(frame.shape[0] / down))
        wanted = cropped(other[None], share, size)[0].astype(float)
        small = cv2.resize(frame.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        assert np.abs(small - wanted).mean() <= most, path.name
        looked += 1
    assert looked >= 30
