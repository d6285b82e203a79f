"""Makes the demo again: `python -m video_assets.demo.make_demo --out DIR`.

Needs festival with festvox-us-slt-hts for the voices and some twenty minutes of two cores. The same
seeds give the same pictures and sounds (encoded bytes may differ with another ffmpeg).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from video_assets.demo import camp, city, desk, hand, lake, products, rooms, score
from video_assets.demo.drawing import FPS, Picture, developed, encode, write_wave
from video_assets.demo.lines import INTERVIEWS, Interview
from video_assets.demo.mouth import Performance
from video_assets.demo.voice import RATE, Speech, require_festival, speak

# Chosen so that everything together stays below 13.5 MB; the long kitchen clips pay the most.
_CRF = {"kitchen": 26.2, "interviews": 24.5, "large": 28.0, "wide": 26.5}


def _frames(picture: Picture, count: int, grain: float) -> Iterator[np.ndarray]:
    for index in range(count):
        yield developed(picture(index / FPS), index, grain)


def _sidecar(path: Path, interview: Interview, speech: Speech) -> None:
    words = [
        {"text": w.text, "start": round(w.start, 3), "end": round(w.end, 3)} for w in speech.words
    ]
    rows = ",\n    ".join(json.dumps(word, ensure_ascii=False) for word in words)
    head = f'{{\n  "version": 1,\n  "language": "en",\n  "speaker": "{interview.speaker}",\n'
    head += '  "words": [\n    '
    path.with_suffix(".json").write_text(head + rows + "\n  ]\n}\n", encoding="utf-8")


def _interview(out: Path, number: int, preset: str) -> None:
    interview = INTERVIEWS[number]
    speech = speak(interview, 100 + number)
    acting = Performance(speech, 200 + number)
    name = Path(interview.path).stem
    size = rooms.TALL_SIZE if name == "customer_balcony" else rooms.WIDE_SIZE
    if name == "customer_balcony":
        picture = rooms.balcony_portrait(acting, speech.duration)
    elif name == "presenter_window":
        picture = rooms.window(acting, speech.duration)
    else:
        picture = rooms.kitchen(acting, speech.duration, 0.0 if name.endswith("_a") else 27.0)
    path = out / "footage" / interview.path
    sound = speech.samples
    if name == "customer_balcony":
        rng = np.random.default_rng(7)
        sound = sound + score.ambience([score.city(len(sound), rng)], -52)
    count = round(speech.duration * FPS)
    crf = _CRF["kitchen" if "kitchen" in name else "interviews"]
    encode(path, _frames(picture, count, 0.55), size, sound, crf, preset)
    if interview.sidecar:
        _sidecar(path, interview, speech)


_Air = Callable[[int, np.random.Generator], list[np.ndarray]]


def _broll(
    path: Path,
    make: Callable[[float], Picture],
    seconds: float,
    size: tuple[int, int],
    air: _Air,
    level: float,
    preset: str,
) -> None:
    count = round(seconds * FPS)
    rng = np.random.default_rng(sum(path.stem.encode()))
    sound = score.ambience(air(round(count / FPS * RATE), rng), level)
    crf = _CRF["large" if size[0] > 2000 else "wide"]
    encode(path, _frames(make(seconds), count, 0.55), size, sound, crf, preset)


def _theme(out: Path) -> None:
    path = out / "music" / "wickfield_theme.m4a"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "theme.wav"
        write_wave(wave, score.theme())
        subprocess.run(
            [
                imageio_ffmpeg.get_ffmpeg_exe(),
                "-v",
                "error",
                "-y",
                "-i",
                str(wave),
                "-c:a",
                "aac",
                "-b:a",
                "160k",
                "-map_metadata",
                "-1",
                "-movflags",
                "+faststart",
                str(path),
            ],
            check=True,
        )


def _damaged(out: Path) -> None:
    """A good file whose index lies at its end, cut off at two fifths: nothing can open it."""
    path = out / "footage" / "places" / "camp_damaged.mp4"
    size = (640, 360)
    whole = path.with_name("camp_whole.mp4")
    rng = np.random.default_rng(5)
    sound = score.ambience([score.insects(4 * RATE, rng), score.wind(4 * RATE, rng)], -40)
    picture = camp.tent(4.0, size)
    encode(whole, _frames(picture, 4 * FPS, 0.5), size, sound, 26, fast_start=False)
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.4)])
    whole.unlink()


def _jobs(out: Path, preset: str) -> dict[str, Callable[[], None]]:
    large, wide = products.LARGE_SIZE, rooms.WIDE_SIZE
    product, place = out / "footage" / "product", out / "footage" / "places"
    jobs: dict[str, Callable[[], None]] = {
        Path(interview.path).stem: partial(_interview, out, number, preset)
        for number, interview in enumerate(INTERVIEWS)
    }

    def crackling(n: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [score.crackle(n, rng), 0.5 * score.wind(n, rng)]

    def shore(n: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [score.water(n, rng), score.wind(n, rng), score.insects(n, rng)]

    def night(n: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [score.insects(n, rng), score.wind(n, rng)]

    def wet(n: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [score.rain(n, rng)]

    def turned(n: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [score.wind(n, rng), score.click(n, rng, 1.35)]

    def streets(n: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [score.city(n, rng), score.wind(n, rng)]

    jobs |= {
        "lantern_closeup_4k": lambda: _broll(
            product / "lantern_closeup_4k.mp4", products.closeup, 5.8, large, crackling, -36, preset
        ),
        "hand_switch": lambda: _broll(
            product / "hand_switch.mp4", hand.switch, 6.0, wide, turned, -40, preset
        ),
        "desk_evening": lambda: _broll(
            product / "desk_evening.mp4", desk.desk, 6.4, wide, wet, -36, preset
        ),
        "lake_dusk_4k": lambda: _broll(
            place / "lake_dusk_4k.mp4", lake.lake, 6.4, large, shore, -36, preset
        ),
        "tent_night": lambda: _broll(
            place / "tent_night.mp4", camp.tent, 6.4, wide, night, -38, preset
        ),
        "balcony_city": lambda: _broll(
            place / "balcony_city.mp4", city.balcony, 6.0, wide, streets, -38, preset
        ),
        "camp_damaged": lambda: _damaged(out),
        "wickfield_theme": lambda: _theme(out),
    }
    return jobs


def main(arguments: list[str] | None = None) -> int:
    """Makes all of it, or only the files named with `--only`."""
    parser = argparse.ArgumentParser(prog="make_demo", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for footage/ and music/")
    parser.add_argument("--only", nargs="*", default=[], metavar="STEM", help="e.g. tent_night")
    parser.add_argument("--preset", default="slow", help="x264 preset (default: slow)")
    options = parser.parse_args(arguments)
    jobs = _jobs(options.out, options.preset)
    unknown = [name for name in options.only if name not in jobs]
    if unknown:
        parser.error(f"no such file: {', '.join(unknown)}; there are {', '.join(jobs)}")
    chosen = options.only or list(jobs)
    if any(name in {Path(i.path).stem for i in INTERVIEWS} for name in chosen):
        require_festival()
    for name in chosen:
        began = time.monotonic()
        jobs[name]()
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
