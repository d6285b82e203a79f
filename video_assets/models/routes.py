"""Which engines each capability has, best first, and which of them are here.

Nothing is imported to find out. An engine with weights is here when its packages are and a
setting names its weights: nobody waits for a download that nobody asked for. Where they do not
load, the engine says so on its first call (ModelUnavailable), and the next one takes over.
"""

import importlib.util
import os
from dataclasses import dataclass

CAPABILITIES = (
    "transcribe", "embed", "describe", "write", "detect_cuts", "subjects", "repair", "read_text",
)  # fmt: skip
_MODELS = "pip install 'video-assets[models]' (8 GB)"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """One engine of one capability."""

    capability: str
    """One of `CAPABILITIES`."""
    name: str
    rank: int
    """1 is the best of its capability."""
    available: bool
    embedded: bool
    """Whether it needs no download beyond this package."""
    why_not: str
    """What is missing and what to install; empty where available."""
    cannot: str
    """What it cannot do, for people; never empty."""


@dataclass(frozen=True, slots=True)
class _Engine:
    capability: str
    name: str
    packages: tuple[str, ...]
    embedded: bool
    install: str
    cannot: str
    weights: tuple[str, ...] = ()
    """Environment variables of which one must name the weights; empty: there are none."""


_ENGINES = (
    _Engine("transcribe", "sidecar", (), True, "",
            "only clips with an .srt, .vtt or .json beside them"),
    _Engine("transcribe", "whisperx", ("whisperx", "torch"), False, _MODELS,
            "slow without a GPU; an immediate retake may be written once",
            ("VIDEO_ASSETS_WHISPERX_MODEL",)),
    _Engine("transcribe", "pocketsphinx", ("pocketsphinx",), True, "pip install pocketsphinx",
            "English only, no names, no punctuation; one word in ten to one in three is wrong on "
            "clear speech, so its words are seldom sure enough for captions"),
    _Engine("embed", "open_clip", ("open_clip", "torch"), False, _MODELS,
            "slow without a GPU; knows what its training pictures showed",
            ("VIDEO_ASSETS_CLIP_WEIGHTS", "VIDEO_ASSETS_CLIP_MODEL")),
    _Engine("embed", "look-1", ("cv2",), True, "pip install 'opencv-python<5'",
            "sees colour, light, layout and texture; does not know what a thing is"),
    _Engine("describe", "names", (), True, "",
            "repeats what folders, files, speech and measures say; does not look at the picture"),
    _Engine("write", "recipes", (), True, "",
            "fills story recipes from what is said and tagged; writes no sentence of its own"),
    _Engine("detect_cuts", "scenedetect", ("scenedetect",), True, "pip install 'scenedetect<0.8'",
            "long dissolves are found late or not at all"),
    _Engine("subjects", "haar", ("cv2",), True, "pip install 'opencv-python<5'",
            "faces from the front; none turned away, small or half hidden"),
    _Engine("repair", "ffmpeg", ("imageio_ffmpeg",), True, "pip install imageio-ffmpeg",
            "no repair is planned yet: shaky, noisy or dark shots are scored lower instead"),
    _Engine("read_text", "off", (), True, "",
            "words in the picture are not read"),
)  # fmt: skip


def available() -> tuple[EngineInfo, ...]:
    """Every engine with whether it is here, by capability and rank."""
    out = []
    for capability in CAPABILITIES:
        ranked = [e for e in _ENGINES if e.capability == capability]
        for rank, engine in enumerate(ranked, 1):
            missing = [p for p in engine.packages if not _is_here(p)]
            why = f"{' and '.join(missing)} missing: {engine.install}" if missing else ""
            if not why and engine.weights and not any(map(os.environ.get, engine.weights)):
                why = f"no weights named: set {engine.weights[0]} to a folder, a file or a model"
            out.append(
                EngineInfo(
                    capability, engine.name, rank, not why, engine.embedded, why, engine.cannot
                )
            )
    return tuple(out)


def _is_here(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False
