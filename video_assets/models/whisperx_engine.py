"""whisperx: the strong speech engine, with words aligned to the sound. Needs the `models` extra."""

import importlib.metadata
import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.foundation.errors import ModelUnavailable
from video_assets.foundation.timecode import exact
from video_assets.models.transcribers import RATE, HeardWord

_ABBREVIATIONS = (
    "dr",
    "mr",
    "mrs",
    "ms",
    "prof",
    "st",
    "jr",
    "sr",
    "vs",
    "etc",
    "e.g",
    "i.e",
    "no",
)
_PUNKT = ("collocations.tab", "sent_starters.txt", "ortho_context.tab")


class WhisperX:
    """Speech to timed words. Weights load on the first call, not at start-up.

    `model`: a size (`large-v3`, fetched from the hub) or a local CTranslate2 folder that holds
    `tokenizer.json`. `align_model`: a hub name or folder of a wav2vec2 model; whisperx's own
    for the language where empty. `device`: cpu or cuda; the GPU where there is one, if empty.
    """

    name = "whisperx"

    def __init__(
        self,
        model: str = "",
        language: str = "en",
        align_model: str = "",
        device: str = "",
        options: dict[str, Any] | None = None,
    ) -> None:
        self.model = model or os.environ.get("VIDEO_ASSETS_WHISPERX_MODEL", "large-v3")
        self.language = language
        self.align_model = align_model or os.environ.get("VIDEO_ASSETS_WHISPERX_ALIGN", "")
        self.device = device
        self.options = options or {}
        """whisperx's `asr_options`."""
        self._engine: Any = None
        self._aligner: tuple[Any, dict[str, Any]] | None = None

    @property
    def version(self) -> str:
        """Names what made the words; part of every digest."""
        try:
            package = importlib.metadata.version("whisperx")
        except importlib.metadata.PackageNotFoundError as error:
            raise _absent(error) from error
        return f"whisperx-{package}:{self.model}:{self.align_model or 'default'}:{self.language}"

    def words(self, samples: np.ndarray) -> list[HeardWord]:
        """`samples`: float32 mono, 16 kHz, -1..1. Times in exact seconds from sample 0.

        A word's confidence is the aligner's mean score, 0..1. Words the aligner could not place (a
        number, a sign) take the gap that their neighbours leave, with confidence 0.
        """
        self._load()
        audio = np.ascontiguousarray(samples, np.float32)
        found = self._engine.transcribe(audio, language=self.language, batch_size=8)
        segments = [s for s in found["segments"] if s["text"].strip()]
        return self.aligned(segments, audio) if segments else []

    def aligned(self, segments: list[dict[str, Any]], samples: np.ndarray) -> list[HeardWord]:
        """Words of known text: `segments` have `text`, `start` and `end` in float seconds."""
        self._load()
        import whisperx

        model, about = self._aligner or (None, {})
        result = whisperx.align(
            segments, model, about, samples, self._device(), return_char_alignments=False
        )
        length = Fraction(len(samples), RATE)
        return [w for s in result["segments"] for w in _timed(s, length)]

    def _device(self) -> str:
        if self.device:
            return self.device
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"

    def _load(self) -> None:
        if self._engine is not None:
            return
        _prepare_nltk()
        try:
            import whisperx
        except ImportError as error:
            raise _absent(error) from error
        device = self._device()
        kind = "float16" if device == "cuda" else "int8"
        try:
            engine = whisperx.load_model(
                self.model,
                device,
                compute_type=kind,
                language=self.language,  # without it, it listens to find out, and may fail
                asr_options=self.options or None,
            )
            self._aligner = whisperx.load_align_model(
                self.language, device, model_name=self.align_model or None
            )
        except (OSError, ValueError, RuntimeError) as error:
            where = f"{self.model!r} (align: {self.align_model or self.language!r})"
            raise ModelUnavailable(
                f"whisperx cannot load {where}: {_first_line(error)}; name local folders in "
                "VIDEO_ASSETS_WHISPERX_MODEL and VIDEO_ASSETS_WHISPERX_ALIGN, or allow the download"
            ) from error
        self._engine = engine


def _absent(error: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"whisperx is not here ({_first_line(error)}): pip install 'video-assets[models]' (8 GB)"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _timed(segment: dict[str, Any], length: Fraction) -> list[HeardWord]:
    """The words of an aligned segment; scores and times are numpy floats there."""
    words = [w for w in segment["words"] if str(w["word"]).strip()]
    starts = [exact(float(w["start"])) if "start" in w else None for w in words]
    ends = [exact(float(w["end"])) if "end" in w else None for w in words]
    out: list[HeardWord] = []
    for i, word in enumerate(words):
        before = out[-1].end if out else exact(float(segment["start"]))
        after = next((s for s in starts[i + 1 :] if s is not None), exact(float(segment["end"])))
        start, end = starts[i], ends[i]
        placed = start is not None and end is not None
        if start is None or end is None:
            unplaced = 1 + next(
                (n for n, s in enumerate(starts[i + 1 :]) if s is not None), len(starts) - i - 1
            )
            start, end = before, before + max(Fraction(0), after - before) / unplaced
        start, end = min(max(start, Fraction(0)), length), min(end, length)
        score = float(word.get("score", 0.0)) if placed else 0.0
        out.append(HeardWord(str(word["word"]).strip(), start, end, min(1.0, max(0.0, score))))
    return out


def _prepare_nltk() -> None:
    """Lets whisperx part sentences offline: nltk asks the net for tables otherwise.

    Must come before nltk is imported, which refuses folders it was not told of by then.
    """
    if os.environ.get("NLTK_DATA"):
        return
    base = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "video_assets" / "nltk"
    )
    folder = base / "tokenizers" / "punkt_tab" / "english"
    try:
        _fill(folder)
    except OSError:  # a home that cannot be written
        base = Path(tempfile.mkdtemp(prefix="video_assets-nltk-"))
        _fill(base / "tokenizers" / "punkt_tab" / "english")
    os.environ["NLTK_DATA"] = str(base)


def _fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PUNKT:
        (folder / name).touch()
    (folder / "abbrev_types.txt").write_text("\n".join(_ABBREVIATIONS) + "\n", encoding="utf-8")
