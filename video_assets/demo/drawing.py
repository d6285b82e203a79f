"""Light on a canvas: linear-light colour, noise, layers, blur, bloom, film response, encoding.

Pictures are float32 arrays (height, width, 3) of linear light in RGB; layers have a fourth channel
of coverage and are premultiplied. Nothing is clipped until `developed` turns light into a frame.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import itertools
import subprocess
import wave
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

FPS = 25


def light(code: str, gain: float = 1.0) -> np.ndarray:
    """A hex colour as linear RGB."""
    values = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255
    return (
        np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) * gain
    ).astype(np.float32)


def smooth(low: float, high: float, x: np.ndarray | float) -> np.ndarray:
    """Smoothstep of `x` between two edges (which may be given in falling order)."""
    part = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def eased(part: float) -> float:
    """0..1 with a soft start and end but a speed that never drops to zero in between."""
    gentle = part * part * (3 - 2 * part)
    return 0.45 * gentle + 0.55 * part


def grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixel-centre coordinates x (1, width) and y (height, 1) in pixels."""
    width, height = size
    x = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
    y = (np.arange(height, dtype=np.float32) + 0.5)[:, None]
    return x, y


def clouds(size: tuple[int, int], cell: tuple[float, float], octaves: int, seed: int) -> np.ndarray:
    """Soft noise 0..1 (height, width); `cell` is the largest blob's (width, height) in pixels."""
    rng = np.random.default_rng(seed)
    width, height = size
    out = np.zeros((height, width), np.float32)
    gain, total = 1.0, 0.0
    for octave in range(octaves):
        across = max(2, round(width / cell[0] * 2**octave) + 3)
        down = max(2, round(height / cell[1] * 2**octave) + 3)
        knots = rng.random((down, across), dtype=np.float32)
        fine = cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
        out += gain * fine
        total += gain
        gain *= 0.5
    out /= total
    return np.clip((out - 0.5) * 1.6 + 0.5, 0, 1)


def ramp(size: tuple[int, int], stops: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """A vertical gradient through (position 0..1, colour) stops, eased between them."""
    width, height = size
    at = (np.arange(height, dtype=np.float32) + 0.5) / height
    out = np.empty((height, 3), np.float32)
    out[:] = stops[0][1]
    for (a, first), (b, second) in itertools.pairwise(stops):
        part = smooth(a, b, at)[:, None]
        inside = at >= a
        out[inside] = (first * (1 - part) + second * part)[inside]
    return np.repeat(out[:, None, :], width, axis=1)


@lru_cache(maxsize=32)
def _disc(radius: float) -> np.ndarray:
    half = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    far = np.hypot(x, y)
    kernel = np.clip(radius + 0.5 - far, 0, 1) * (0.8 + 0.35 * (far / radius) ** 3)
    return kernel / kernel.sum()


def defocused(picture: np.ndarray, radius: float) -> np.ndarray:
    """The picture through a lens out of focus by a disc of `radius` pixels."""
    shrink = max(1, int(radius // 8))
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // shrink, height // shrink), interpolation=cv2.INTER_AREA)
    small = cv2.filter2D(small, -1, _disc(radius / shrink), borderType=cv2.BORDER_REPLICATE)
    if shrink > 1:
        small = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.maximum(small, 0)


def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; wide ones are done small, where they cost nothing."""
    shrink = 1
    while sigma / shrink > 6:
        shrink *= 2
    if shrink == 1:
        return cv2.GaussianBlur(picture, (0, 0), max(0.3, sigma))
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(1, width // shrink), max(1, height // shrink)), interpolation=cv2.INTER_AREA
    )
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def bloom(picture: np.ndarray, strength: float = 0.12) -> np.ndarray:
    """The picture with light spilling from its bright parts, near and far."""
    height, width = picture.shape[:2]
    step = max(4, round(height / 270))
    small = cv2.resize(picture, (width // step, height // step), interpolation=cv2.INTER_AREA)
    # Only what is brighter than paper spills; the rest would turn into haze.
    peak = small.max(axis=2, keepdims=True)
    small = small * (np.maximum(peak - 0.55, 0) / np.maximum(peak, 1e-4))
    small = np.minimum(small, 12)
    spill = 0.5 * cv2.GaussianBlur(small, (0, 0), 3)
    for sigma, gain in ((10, 0.3), (34, 0.28)):
        less = cv2.resize(small, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        wide = cv2.GaussianBlur(less, (0, 0), sigma / 4)
        spill += gain * cv2.resize(wide, (small.shape[1], small.shape[0]))
    return picture + strength * cv2.resize(spill, (width, height), interpolation=cv2.INTER_LINEAR)


def over(frame: np.ndarray, layer: np.ndarray, at: tuple[int, int] = (0, 0)) -> None:
    """Lays a premultiplied layer onto `frame` in place with its corner at (x, y)."""
    x, y = at
    height, width = layer.shape[:2]
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(frame.shape[1], x + width), min(frame.shape[0], y + height)
    if x1 <= x0 or y1 <= y0:
        return
    part = layer[y0 - y : y1 - y, x0 - x : x1 - x]
    view = frame[y0:y1, x0:x1]
    view *= 1 - part[..., 3:4]
    view += part[..., :3]


def moved(
    layer: np.ndarray,
    size: tuple[int, int],
    zoom: float = 1.0,
    shift: tuple[float, float] = (0, 0),
    centre: tuple[float, float] | None = None,
    turn: float = 0.0,
    edge: int = cv2.BORDER_REPLICATE,
) -> np.ndarray:
    """The layer on a canvas of `size`: zoomed about `centre` (of the layer, put at the canvas's
    middle offset by `shift` pixels) and turned by `turn` degrees, sampled between pixels."""
    height, width = layer.shape[:2]
    cx, cy = centre or (width / 2, height / 2)
    matrix = cv2.getRotationMatrix2D((cx, cy), turn, zoom)
    matrix[0, 2] += size[0] / 2 + shift[0] - cx
    matrix[1, 2] += size[1] / 2 + shift[1] - cy
    flags = cv2.INTER_AREA if zoom < 0.5 else cv2.INTER_LINEAR
    return cv2.warpAffine(layer, matrix, size, flags=flags, borderMode=edge)


def solid(colour: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """A premultiplied layer: one colour (or a picture) where `cover` (height, width) says."""
    cover = cover.astype(np.float32)
    return np.dstack([np.broadcast_to(colour, (*cover.shape, 3)) * cover[..., None], cover])


def add_glow(
    frame: np.ndarray, at: tuple[float, float], radius: float, colour: np.ndarray, squash: float = 1
) -> None:
    """Adds a round glow in place: bright core, long soft skirt; `radius` in pixels."""
    reach = radius * 5
    x0, x1 = max(0, int(at[0] - reach)), min(frame.shape[1], int(at[0] + reach) + 1)
    y0, y1 = (
        max(0, int(at[1] - reach * squash)),
        min(frame.shape[0], int(at[1] + reach * squash) + 1),
    )
    if x1 <= x0 or y1 <= y0:
        return
    x = (np.arange(x0, x1, dtype=np.float32) + 0.5 - at[0]) / radius
    y = (np.arange(y0, y1, dtype=np.float32) + 0.5 - at[1]) / (radius * squash)
    far = x[None, :] ** 2 + y[:, None] ** 2
    fall = np.exp(-far * 0.5) * 0.55 + 0.45 / (1 + far) ** 1.5
    fall *= smooth(25, 9, far)
    frame[y0:y1, x0:x1] += fall[..., None] * colour


_TOP = 16.0


@lru_cache(maxsize=1)
def _film() -> np.ndarray:
    """Display value 0..255 by the square root of light: a soft shoulder, a little toe, sRGB."""
    x = (np.arange(65536, dtype=np.float64) / 65535) ** 2 * _TOP
    y = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    y = np.where(y <= 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055)
    # Lifted blacks and held highlights, as a colourist would leave them.
    return (5 + y * 247).astype(np.float32)


@lru_cache(maxsize=2)
def _grain_plates(size: tuple[int, int], strength: float) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    width, height = size
    plates = []
    for _ in range(3):
        coarse = rng.standard_normal((height // 2 + 40, width // 2 + 40), dtype=np.float32)
        plate = cv2.resize(coarse, (width + 80, height + 80), interpolation=cv2.INTER_LINEAR)
        fine = rng.random((height + 80, width + 80), dtype=np.float32) - 0.5
        plates.append(plate * strength + fine)
    return plates


@lru_cache(maxsize=4)
def _vignette(size: tuple[int, int], amount: float) -> np.ndarray:
    x, y = grid(size)
    far = np.hypot((x / size[0] - 0.5) * 1.1, y / size[1] - 0.5)
    return (1 - amount * smooth(0.3, 0.85, far))[..., None].astype(np.float32)


def developed(
    picture: np.ndarray, index: int, grain: float = 1.0, vignette: float = 0.35
) -> np.ndarray:
    """Light as an 8-bit RGB frame: vignette, film response, grain that also hides banding."""
    height, width = picture.shape[:2]
    if vignette:
        picture = picture * _vignette((width, height), vignette)
    scaled = cv2.sqrt(np.clip(picture, 0, _TOP)) * np.float32(65535 / _TOP**0.5)
    shown = _film()[scaled.astype(np.uint16)]
    plates = _grain_plates((width, height), grain)
    rng = np.random.default_rng(index)
    dx, dy = (int(v) for v in rng.integers(0, 80, 2))
    shown += plates[index % 3][dy : dy + height, dx : dx + width, None]
    return np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def write_wave(path: Path, samples: np.ndarray, rate: int = 48_000) -> None:
    """Float samples (frames, 2) in -1..1 as a 16-bit wave file, dithered."""
    noise = np.random.default_rng(1).random(samples.shape) - 0.5
    raw = np.clip(np.rint(samples * 32767 + noise), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(raw.tobytes())


def encode(
    path: Path,
    frames: Iterable[np.ndarray],
    size: tuple[int, int],
    sound: np.ndarray,
    crf: float,
    preset: str = "slow",
    fast_start: bool = True,
    audio: str = "128k",
) -> None:
    """An MP4 of 8-bit RGB frames at 25 fps and a 48 kHz sound, tagged bt709, closed GOPs of 2 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    track = path.with_suffix(".part.wav")
    part = path.with_suffix(".part.mp4")
    write_wave(track, sound)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(FPS),
        "-i", "-", "-i", str(track),
        "-vf", "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:"
        "flags=accurate_rnd+full_chroma_int,"
        "format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        "-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-profile:v", "high",
        "-g", str(2 * FPS), "-flags", "+cgop",
        "-x264-params", "aq-mode=3:aq-strength=0.9:psy-rd=0.8,0:deblock=0,0",
        "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709",
        "-c:a", "aac", "-b:a", audio, "-ar", "48000", "-shortest",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact+cgop",
        *(["-movflags", "+faststart"] if fast_start else []), str(part),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in frames:
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
        process.stdin.close()
        failed = process.wait()
    track.unlink()
    if failed:
        raise SystemExit(f"ffmpeg could not write {path}")
    part.replace(path)


Picture = Callable[[float], np.ndarray]
