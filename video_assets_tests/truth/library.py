"""Makes a footage library of known truth: the same seed gives the same bytes in any folder."""

import json
import shutil
from pathlib import Path

from video_assets_tests.truth import clips, declared, recorded
from video_assets_tests.truth.clips import Made
from video_assets_tests.truth.planning import SIZES, plan

HELD_OUT = (9019, 9020, 9021, 9022, 9023)
"""Seeds for reporting only: nothing is tuned, tested, chosen or looked at by eye on their libraries.

What is held out is how a library is put together, not what it is made of: all libraries share the
bank's lines and voices, the places, people and shots, and the kinds of flaws.
"""
TUNING = (7, 11, 23, 42, 77)
"""Seeds to develop, calibrate and test on."""


def name(seed: int, size: str, words: bool = True) -> str:
    """What tells a library from others that can be made here, such as `7-small-recorded-words`."""
    kinds = [str(seed), size, *(["recorded"] if recorded.recordings(size) else [])]
    return "-".join([*kinds, "words" if words else "no-words"])


def make(folder: Path, seed: int, size: str = "tiny", words: bool = True) -> Path:
    """Writes a library into `folder` (made, or replaced where it is one already); returns it.

    It holds `footage/`, `music/bed.wav`, `brief.yaml`, `brand/brand.yaml` and `truth.json`. `size`
    is tiny (13 clips), small or full (60 and more; up to two of the corpus's recorded clips with
    them where `VIDEO_ASSETS_CORPUS` names it: another library then, and `name` says so). `words`: with JSON word sidecars beside
    whatever speaks; without them every other file is the same to the byte. Raises ValueError for
    another size, FileExistsError where the folder holds something else.
    """
    if size not in SIZES:
        raise ValueError(f"{size!r} is no size; there are {', '.join(SIZES)}")
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "truth.json").exists():
        raise FileExistsError(f"{folder} holds something that is no library of this kind")
    for old in ("footage", "music", "brand"):
        shutil.rmtree(folder / old, ignore_errors=True)
    wanted, others = plan(seed, size), recorded.recordings(size)
    footage = folder / "footage"
    made: dict[str, Made] = {}
    for moment in wanted.moments:
        made |= clips.film_moment(wanted, moment, footage)
        for device in moment.devices if words else ():
            beside = (footage / device.path).with_suffix(".json")
            beside.write_text(declared.sidecar(moment, device), encoding="utf-8")
    for clip in wanted.broll:
        made[clip.path] = clips.film_broll(wanted, clip, footage)
    for other in others:
        (footage / other.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(other.source, footage / other.path)
    beats = clips.film_music(wanted, folder / "music")
    declared.write_written(wanted, folder)
    text = json.dumps(declared.truth(wanted, made, beats, others), indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")
    return folder
