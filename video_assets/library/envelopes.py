"""Where in long sound a short one may lie: envelopes of 25 values a second, correlated by FFT.

An envelope holds, for every 40 ms, how far each of eight bands rises above or falls below its own
level of the moment: what a lavalier and a camera across the room have in common. Two recordings of
one scene agree at one lag by 10 and more standard deviations, unrelated ones at none by more than
5 or 6 (10 s of speech with 0 dB of noise, 8 bands). What is found here is a hint, to be proved on
the samples: see `alignment`.
"""

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.store import digest_of, kept

ENVELOPE_VERSION = "1"
RATE = 16000
"""Hz of the WAV files."""
PER_SECOND = 25
"""Values of an envelope a second."""
BANDS = 8
"""Between 150 and 5000 Hz, equally wide for the ear."""
LEVEL = BANDS
"""Column of the level, dBFS; those before it are the bands, -127..127."""
QUERY = 768
"""Longest piece (30.7 s) that is looked for in one go."""
LEAST = 6.5
"""Standard deviations that a lag must stand out by. Of unrelated sound 1 lag in 10^10 does."""
MOST = 4
"""Places that are worth a closer look, a pair of files."""
_HOP = RATE // PER_SECOND
_BLOCK = 1024
_FFT = 4096
_LAGS = _FFT - QUERY
_PART = 208
"""Lags (8.3 s) of which only the best is a place: `_LAGS` divides by it."""
_FLOOR = 1000.0
"""Power a bin in squared 16-bit steps, that of noise at -90 dBFS: fainter sound has no shape."""


class Sound:
    """The samples of a 16 kHz mono 16-bit WAV, read piece by piece; use it with `with`."""

    def __init__(self, wav: Path) -> None:
        try:
            self._file = wave.open(str(wav), "rb")  # noqa: SIM115 (`__exit__` closes it)
        except (OSError, EOFError, wave.Error) as error:
            raise FootageError(
                f"{wav} cannot be read: {error}", Code.SCHEMA, "run again; it is made anew"
            ) from error
        form = (self._file.getframerate(), self._file.getnchannels(), self._file.getsampwidth())
        self.length = self._file.getnframes()
        """Samples."""
        if form != (RATE, 1, 2):
            self._file.close()
            raise FootageError(
                f"{wav} is no 16 kHz mono 16-bit WAV", Code.SCHEMA, "run again; it is made anew"
            )

    def __enter__(self) -> "Sound":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def samples(self, start: int, count: int) -> np.ndarray:
        """float32, in 16-bit steps, of any stretch; before the start and after the end is 0."""
        out = np.zeros(count, np.float32)
        first, last = max(0, start), min(self.length, start + count)
        if last > first:
            self._file.setpos(first)
            found = np.frombuffer(self._file.readframes(last - first), "<i2")
            out[first - start : first - start + len(found)] = found
        return out


def envelope_of(root: Path, wav: str) -> np.ndarray:
    """The envelope of a WAV below the data folder, made once and kept beside it.

    int8 (values, BANDS + 1); value i is of the 64 ms from i/25 s. 225 bytes a second.
    """
    tools = {name: version(name) for name in ("numpy", "scipy")}
    digest = digest_of({"envelope": ENVELOPE_VERSION, "wav": wav, "tools": tools})
    folder = (root / wav).parent.with_name(f"envelope-{digest[:16]}")

    def write(draft: Path) -> dict[str, Any]:
        with Sound(root / wav) as sound:
            np.save(draft / "envelope.npy", envelope(sound))
        return {}

    kept(folder, write)
    found: np.ndarray = np.load(folder / "envelope.npy")
    return found


def envelope(sound: Sound) -> np.ndarray:
    """What `envelope_of` keeps. Needs some 1 kB a second of sound."""
    from scipy.ndimage import gaussian_filter1d

    count = max(0, (sound.length - _BLOCK) // _HOP + 1)
    table = np.zeros((count, BANDS + 1), np.float32)
    window = np.hanning(_BLOCK).astype(np.float32)
    hz = np.fft.rfftfreq(_BLOCK, 1 / RATE)
    edges = np.geomspace(150, 5000, BANDS + 1)
    bands = np.array([(hz >= a) & (hz < b) for a, b in pairwise(edges)], np.float32)
    of_band = (bands / bands.sum(axis=1, keepdims=True)).T
    full = 32768.0**2 * float((window**2).sum()) * _BLOCK / 2  # Parseval, one side
    for first in range(0, count, 60 * PER_SECOND):
        some = min(60 * PER_SECOND, count - first)
        piece = sound.samples(first * _HOP, (some - 1) * _HOP + _BLOCK)
        frames = np.lib.stride_tricks.sliding_window_view(piece, _BLOCK)[::_HOP]
        power = np.abs(np.fft.rfft(frames * window, axis=1)).astype(np.float32) ** 2
        table[first : first + some, :BANDS] = 10 * np.log10(power @ of_band + _FLOOR)
        total = (power @ bands.T).sum(axis=1) / full
        table[first : first + some, LEVEL] = 10 * np.log10(total + 1e-10)
    out = np.zeros((count, BANDS + 1), np.int8)
    if count:
        swing = table[:, :BANDS]
        swing -= gaussian_filter1d(swing, 0.4 * PER_SECOND, axis=0)
        swing -= 0.7 * swing.mean(axis=1, keepdims=True)  # the bands move together: less of that
        out[:, :BANDS] = np.round(127 * np.tanh(swing / 6))
        out[:, LEVEL] = np.round(np.clip(table[:, LEVEL], -100, 0))
    return out


def activity(table: np.ndarray) -> np.ndarray:
    """dB by which each value's level lies above the envelope's quiet fifth; never below 0."""
    level = table[:, LEVEL].astype(np.float32)
    return np.maximum(level - np.percentile(level, 20), 0) if len(level) else level


@dataclass(frozen=True)
class Query:
    """A piece of an envelope that is looked for in another."""

    at: int
    """Where it begins in its own envelope."""
    values: np.ndarray
    """float32 (at most QUERY, BANDS)."""


def queries(table: np.ndarray) -> list[Query]:
    """What to look for of a file: all of a short one; of a longer one both ends, because another
    file may begin or end within it, and the two liveliest pieces between."""
    count = len(table)
    if count <= QUERY:
        starts = [0] if count else []
    else:
        loud = np.concatenate([[0.0], np.cumsum(activity(table), dtype=np.float64)])
        starts = [0, count - QUERY]
        for low, high in ((0, count // 2), (count // 2, count)):
            if high - low >= 2 * QUERY:
                at = np.arange(low, high - QUERY + 1, PER_SECOND)
                starts.append(int(at[np.argmax(loud[at + QUERY] - loud[at])]))
    pieces = [
        Query(at, table[at : at + QUERY, :BANDS].astype(np.float32)) for at in sorted(set(starts))
    ]
    return [piece for piece in pieces if piece.values.any()]


@dataclass(frozen=True, slots=True)
class Place:
    """A lag at which two files may agree."""

    lag: float
    """Seconds from where the searched file begins to where the looked-for file begins; negative
    where the latter began earlier. Right to 0.1 s."""
    score: float
    """Standard deviations."""


class Search:
    """Envelopes of one file, ready to be searched for many queries."""

    def __init__(self, table: np.ndarray) -> None:
        from scipy import fft

        blocks = -(-(len(table) + QUERY) // _LAGS)
        padded = np.zeros(((blocks - 1) * _LAGS + _FFT, BANDS), np.float32)
        padded[QUERY : QUERY + len(table)] = table[:, :BANDS]  # a query may begin before the file
        self._count = QUERY + len(table)
        views = np.lib.stride_tricks.sliding_window_view(padded, _FFT, axis=0)[::_LAGS]
        self._spectra = [fft.rfft(views[:, b]) for b in range(BANDS)]

    def places(self, query: Query, spectrum: np.ndarray) -> Iterator[Place]:
        """Where a query stands out; `spectrum` is its `spectrum_of`."""
        from scipy import fft

        total = self._spectra[0] * spectrum[0]
        for mine, wanted in zip(self._spectra[1:], spectrum[1:], strict=True):
            total += mine * wanted
        found = fft.irfft(total, _FFT)[:, :_LAGS].reshape(-1)
        found = found[: self._count]
        spread = float(np.sqrt(np.mean(found**2, dtype=np.float64)))
        if spread <= 0:
            return
        parts = np.zeros(-(-len(found) // _PART) * _PART, np.float32)
        parts[: len(found)] = found
        best = parts.reshape(-1, _PART)
        for part in np.flatnonzero(best.max(axis=1) >= LEAST * spread):
            at = int(part) * _PART + int(best[part].argmax())
            lag = (at - QUERY - query.at) / PER_SECOND
            yield Place(lag, float(parts[at]) / spread)


def spectrum_of(query: Query) -> np.ndarray:
    """A query as `Search.places` wants it."""
    from scipy import fft

    found: np.ndarray = np.conj(fft.rfft(query.values.T, _FFT))
    return found


def best_places(found: Sequence[Place]) -> list[Place]:
    """The places of all queries of one file, those that mean the same joined, best first."""
    joined: list[Place] = []
    for place in sorted(found, key=lambda p: (-p.score, p.lag)):
        if all(abs(place.lag - other.lag) > 0.5 for other in joined):
            joined.append(place)
    return joined[:MOST]
