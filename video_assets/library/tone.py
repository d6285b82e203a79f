"""HDR as people see it on a BT.709 screen: one curve for stills, renders and what is compared.

PQ and HLG are made display light (ITU-R BT.2100; HLG as on a 1000 cd/m2 screen), brought into
BT.709's colours, and their highlights are rolled off by the curve of ITU-R BT.2390 (EETF) to the
reference white of 203 cd/m2 (ITU-R BT.2408), which is what a BT.709 screen's white stands for.
What is darker than about 90 cd/m2 keeps its light. The curve runs on the largest of the three
colours and all three are scaled alike, so that no hue turns and no colour is cut off alone.
"""

from functools import cache
from typing import Any

import numpy as np

from video_assets.foundation.records import FootageRow

CURVES = ("smpte2084", "arib-std-b67")
"""Transfer curves of HDR, as in `FootageRow.color`: PQ and HLG."""
TONE_VERSION = "1"
"""Goes up when the curve changes: stills and segments of HDR clips are then made again."""
WHITE = 203.0
"""Cd/m2 that a BT.709 screen's white stands for: BT.2408's reference white."""
USUAL_PEAK = 1000
"""Cd/m2 of the brightest light where a file says nothing, and of HLG: BT.2100's reference."""
CUBE = "tone.cube"
"""Name of the table's file, in the folder that ffmpeg runs in."""
STEPS = 65
"""Grid points a side of the table. Between them renders are off the curve by 0.3 levels on average
and 5 at most in 99 of 100 colours; what is left are the zero parts of pure, dark ones."""

_MATRICES = frozenset(
    ("bt709", "smpte170m", "bt470bg", "smpte240m", "fcc", "bt2020nc", "bt2020c", "bt2020-ncl")
)
_SCREEN = 2.4
"""Gamma of a BT.709 screen in a dim room (BT.1886, black at 0)."""
_TO_709 = {
    "bt2020": [[1.66049, -0.58764, -0.07285], [-0.12455, 1.1329, -0.00835],
               [-0.01815, -0.10058, 1.11873]],
    "smpte432": [[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09828]],
    "bt709": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}  # fmt: skip
"""Linear light to BT.709's primaries (BT.2087 and the same for P3); unknown ones are BT.2020's."""
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_A = 0.17883277
_B, _C = 1 - 4 * _A, 0.5 - _A * np.log(4 * _A)


def is_hdr(row: FootageRow) -> bool:
    """Whether a clip's picture is PQ or HLG. Ten bits alone are no HDR."""
    return any(curve in row.color.split("/") for curve in CURVES)


def matrix_of(row: FootageRow) -> str:
    """What the matrix of an untagged picture is taken for, in ffmpeg's words; empty where tagged.

    As players do: BT.601 in standard definition, else BT.709; HDR is BT.2020's.
    """
    if row.color.rpartition("/")[2] in _MATRICES:
        return ""
    if is_hdr(row):
        return "bt2020"
    return "bt601" if max(row.width, row.height) <= 1024 else "bt709"


def curve_of(row: FootageRow) -> tuple[str, str, int]:
    """(primaries, transfer, peak in cd/m2) of an HDR clip: all that its tone curve depends on."""
    primaries, transfer, _ = (*row.color.split("/"), "", "", "")[:3]
    peak = row.peak if transfer == CURVES[0] and row.peak else USUAL_PEAK
    return (primaries if primaries in _TO_709 else "bt2020", transfer, peak)


def named(row: FootageRow) -> dict[str, Any]:
    """What the names of derived files must hold besides the colour tags; nothing for SDR."""
    return {"tone": [TONE_VERSION, *curve_of(row)]} if is_hdr(row) else {}


def named_stills(row: FootageRow) -> dict[str, Any]:
    """The same for stills, whose names do not hold the colour tags."""
    guess = matrix_of(row)
    return {**named(row), **({"matrix": guess} if guess not in ("", "bt601") else {})}


def shown(signal: Any, curve: tuple[str, str, int]) -> Any:
    """R'G'B' of a BT.709 screen for R'G'B' of HDR: floats 0..1, colours along the last axis."""
    values = np.asarray(signal)
    return _screen(_pq_light(values) if curve[1] == CURVES[0] else _hlg_scene(values), curve)


def shown_frame(frame: Any, curve: tuple[str, str, int]) -> Any:
    """uint8 BGR (height, width, 3) of HDR R'G'B' in 16 bits, uint16 of the same shape."""
    found = _screen(_table(curve[1])[frame], curve)
    return np.ascontiguousarray((found[..., ::-1] * 255 + 0.5).astype(np.uint8))


@cache
def cube(curve: tuple[str, str, int]) -> str:
    """The curve as a table in the .cube format, for ffmpeg's `lut3d`."""
    steps = np.linspace(0, 1, STEPS)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    found = shown(np.stack([red, green, blue], axis=-1), curve).reshape(-1, 3)
    lines = [f"{r:.4f} {g:.4f} {b:.4f}" for r, g, b in found.tolist()]
    return "\n".join([f"LUT_3D_SIZE {STEPS}", *lines, ""])


def toned(stream: Any) -> Any:
    """An ffmpeg-python stream of HDR through the table CUBE, as planar R'G'B' in 16 bits."""
    return stream.filter("format", "gbrp16le").filter("lut3d", CUBE, interp="tetrahedral")


def _pq_light(signal: Any) -> Any:
    """Cd/m2 of a PQ signal (SMPTE ST 2084)."""
    root = np.clip(signal, 0, 1) ** (1 / _M2)
    return 10000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def _pq_signal(light: Any) -> Any:
    """The PQ signal of cd/m2."""
    root = (np.clip(light, 0, 10000) / 10000) ** _M1
    return ((_C1 + _C2 * root) / (1 + _C3 * root)) ** _M2


def _hlg_scene(signal: Any) -> Any:
    """Light before the camera, 0..1, of an HLG signal: its inverse OETF."""
    value = np.clip(signal, 0, 1)
    return np.where(value <= 0.5, value**2 / 3, (np.exp((value - _C) / _A) + _B) / 12)


@cache
def _table(transfer: str) -> Any:
    """Light for each of 65536 signals, float32."""
    steps = np.arange(65536) / 65535
    found = _pq_light(steps) if transfer == CURVES[0] else _hlg_scene(steps)
    return found.astype(np.float32)


def _screen(light: Any, curve: tuple[str, str, int]) -> Any:
    """R'G'B' of the screen, 0..1, for cd/m2 (PQ) or scene light 0..1 (HLG)."""
    primaries, transfer, peak = curve
    kind, shape = light.dtype, light.shape
    rgb = np.ascontiguousarray(light.reshape(-1, 3).T)
    if transfer != CURVES[0]:  # what a reference screen makes of it (OOTF)
        grey = np.array([0.2627, 0.6780, 0.0593], kind) @ rgb
        rgb *= USUAL_PEAK * np.maximum(grey, 1e-9) ** 0.2
    rgb = np.array(_TO_709[primaries], kind) @ rgb
    grey = np.array([0.2126, 0.7152, 0.0722], kind) @ rgb
    least = np.minimum(np.minimum(rgb[0], rgb[1]), rgb[2])
    if (least < 0).any():
        # colours that BT.709 cannot show go towards grey until no part of them is negative
        keep = np.where(least < 0, grey / np.maximum(grey - least, 1e-9), 1).astype(kind)
        rgb = np.maximum(grey + keep * (rgb - grey), 0)
    most = np.maximum(np.maximum(rgb[0], rgb[1]), rgb[2])
    gains = _gains(peak)
    place = np.sqrt(np.sqrt(np.minimum(most / 10000, 1))) * (len(gains) - 1) + 0.5
    rgb *= gains[place.astype(np.int32)].astype(kind) / WHITE
    found = np.minimum(rgb, 1, out=rgb) ** (1 / _SCREEN)
    return np.ascontiguousarray(found.T).reshape(shape)


@cache
def _gains(peak: int) -> Any:
    """What light is multiplied with to be at most WHITE, by the fourth root of its share of 10,000
    cd/m2: BT.2390's EETF, black at 0."""
    light = 10000 * np.linspace(0, 1, 16385) ** 4
    top = float(_pq_signal(peak))
    most = float(_pq_signal(WHITE)) / top
    if most >= 1:
        return np.minimum(1, WHITE / np.maximum(light, WHITE))
    knee = 1.5 * most - 0.5
    signal = np.minimum(_pq_signal(light) / top, 1)
    t = np.maximum(signal - knee, 0) / (1 - knee)
    rolled = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * most
    )
    made = np.where(signal < knee, light, _pq_light(rolled * top))
    return np.where(light > 0, made / np.maximum(light, 1e-9), 1)
