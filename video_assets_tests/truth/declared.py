"""What is true of a made library: `truth.json`, and what a person would have written beside it."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets_tests.truth import encoding, recorded
from video_assets_tests.truth.clips import Made
from video_assets_tests.truth.lines import BY_KEY, LINES
from video_assets_tests.truth.plans import Broll, Device, Moment, Plan, Take
from video_assets_tests.truth.voices import COMPLETE, bank

BRAND = "Wickfield"
GLOSSARY = ({"word": BRAND, "instead_of": ["Wakefield", "Wick field"]},)
MUST_NOT = ("rival",)
SPOILS = {"filler": ("filler",), "flub": ("flub", "false_start"), "broken": ("broken",)}


def truth(
    plan: Plan,
    made: dict[str, Made],
    beats: list[float],
    others: Sequence[recorded.Recorded] = (),
) -> dict[str, Any]:
    """The whole of `truth.json`. Times are seconds on each clip's clock, boxes shares of a frame.

    A hard cut is `at` the first frame of the new shot, a dissolve at its first mixed frame, `length`
    seconds before the first that shows the new shot alone. A flash is at its first bright frame.
    `shots` say what is seen when: both while one dissolves into the other. The clip's own `tags`
    are those of all its shots, its `setup` and `direction` only where it is one shot.
    """
    clips = [_spoken(plan, m, d, made[d.path]) for m in plan.moments for d in m.devices]
    clips += [_silent(plan, c, made[c.path]) for c in plan.broll]
    clips += [recorded.declared(c) for c in others]
    return {
        "version": 2,
        "seed": plan.seed,
        "size": plan.size,
        "title": "Wickfield, a kettle that sings",
        "recorded": recorded.names(others),
        "clips": sorted(clips, key=lambda clip: str(clip["path"])),
        "music": {"path": "music/bed.wav", "beats": [_t(b) for b in beats]},
        "brief": {
            "must_say": list(plan.must_say), "must_show": list(plan.must_show),
            "must_not": list(MUST_NOT), "brand": BRAND, "glossary": list(GLOSSARY),
        },
    }  # fmt: skip


def _t(seconds: float) -> float:
    return round(float(seconds), 5)


def _seen(made: Made) -> list[dict[str, Any]]:
    return [
        {
            "start": _t(s.start), "end": _t(s.end),
            "box": [round(float(v), 4) for v in s.box],
            "face": [round(float(v), 4) for v in s.face],
        }
        for s in made.seen
    ]  # fmt: skip


def words_of(device: Device, take: Take) -> list[dict[str, Any]]:
    """The take's words on the device's clock."""
    zero = take.start - 0.003
    return [
        {
            "text": w.text, "start": _t(device.clock(w.start + zero)),
            "end": _t(device.clock(w.end + zero)), "kind": w.kind, "line": take.line,
            "take": take.take,
        }
        for w in bank()[take.line, take.variant].words
    ]  # fmt: skip


def _line(device: Device, take: Take, speaker: str) -> dict[str, Any]:
    spoken = bank()[take.line, take.variant]
    words = words_of(device, take)
    start, end = words[0]["start"], words[-1]["end"]
    flaws = [*SPOILS.get(take.variant, ()), *(["noise"] if take.noisy else [])]
    flaws += [d.kind for d in device.defects if d.start < end and d.end > start]
    return {
        "line": take.line, "take": take.take, "start": start, "end": end, "text": spoken.text,
        "speaker": speaker, "complete": take.variant in COMPLETE, "best": take.best,
        "flaws": flaws,
    }  # fmt: skip


def _spoken(plan: Plan, moment: Moment, device: Device, made: Made) -> dict[str, Any]:
    """A camera's or recorder's clip of a moment."""
    sees = device.camera != "R"
    start = round(device.offset * 25)
    setup = f"{moment.place}-{moment.person.lower()}-{device.camera}" if sees else ""
    shot = (0.0, device.frames / 25, moment.tags, setup, moment.direction)
    return {
        "path": device.path, "kind": "interview" if sees else "recorder",
        "camera": device.camera,
        "setup": setup, "moment": moment.key, "fps": "25/1" if sees else "",
        "frames": device.frames if sees else 0, "duration": _t(device.frames / 25),
        "size": list(plan.picture) if sees else [0, 0],
        "timecode": encoding.timecode(moment.start_second, start, Fraction(25)),
        "offset": device.offset, "drift_ppm": device.drift_ppm, "grade": device.grade,
        "cuts": [], "shots": [_shot(*shot)] if sees else [],
        "flashes": [_t(f) for f in device.flashes],
        "words": [w for t in moment.takes for w in words_of(device, t)],
        "lines": [_line(device, t, moment.person) for t in moment.takes],
        "defects": [
            {"kind": d.kind, "start": _t(d.start), "end": _t(d.end)} for d in device.defects
        ],
        "subject": _seen(made), "people": [moment.person], "tags": list(moment.tags) if sees else [],
        "loudness": round(made.loudness, 2), "direction": moment.direction if sees else 0,
        "light": moment.light if sees else "none", "wardrobe": moment.clothes if sees else "",
    }  # fmt: skip


def _shot(
    start: float, end: float, tags: tuple[str, ...], setup: str, direction: int
) -> dict[str, Any]:
    return {
        "start": _t(start), "end": _t(end), "tags": list(tags), "setup": setup,
        "direction": direction,
    }  # fmt: skip


def _shots(clip: Broll, made: Made) -> list[dict[str, Any]]:
    """Part by part; a set-up is one painting of one place by one camera, so its seed is in it."""
    ends = [p.start + d for p, d in zip(clip.parts[1:], clip.dissolves, strict=True)]
    return [
        _shot(
            float(part.start / clip.fps), float(end / clip.fps), (part.tag,),
            f"broll-{part.tag}-{part.seed:08x}-{clip.camera}", direction,
        )
        for part, end, direction in zip(
            clip.parts, [*ends, clip.frames], made.directions, strict=True
        )
    ]  # fmt: skip


def _silent(plan: Plan, clip: Broll, made: Made) -> dict[str, Any]:
    """A B-roll clip."""
    cuts = [
        {
            "at": _t(float(part.start / clip.fps)), "kind": "dissolve" if length else "hard",
            "length": _t(float(length / clip.fps)),
        }
        for part, length in zip(clip.parts[1:], clip.dissolves, strict=True)
    ]  # fmt: skip
    shots = _shots(clip, made)
    lone = shots[0] if len(shots) == 1 else {"setup": "", "direction": 0}
    return {
        "path": clip.path, "kind": "broll", "camera": clip.camera,
        "setup": lone["setup"], "moment": "",
        "fps": f"{clip.fps.numerator}/{clip.fps.denominator}", "frames": clip.frames,
        "duration": _t(float(clip.frames / clip.fps)), "size": list(plan.picture),
        "timecode": encoding.timecode(clip.start_second, 0, clip.fps),
        "offset": 0.0, "drift_ppm": 0.0, "grade": clip.grade, "cuts": cuts,
        "shots": shots,
        "flashes": [_t(f) for f in clip.flashes], "words": [], "lines": [],
        "defects": [
            {"kind": d.kind, "start": _t(d.start), "end": _t(d.end)} for d in clip.defects
        ],
        "subject": _seen(made), "people": [],
        "tags": list(dict.fromkeys(p.tag for p in clip.parts)),
        "loudness": round(made.loudness, 2), "direction": lone["direction"], "light": "none",
        "wardrobe": "",
    }  # fmt: skip


def sidecar(moment: Moment, device: Device) -> str:
    """The words of a clip as JSON that the product reads, fillers and slips as they were said."""
    rows = ",\n    ".join(
        json.dumps({"text": w["text"], "start": round(w["start"], 3), "end": round(w["end"], 3)})
        for take in moment.takes
        for w in words_of(device, take)
    )
    head = f'{{\n  "version": 1,\n  "language": "en",\n  "speaker": "{moment.person}",\n'
    return head + '  "words": [\n    ' + rows + "\n  ]\n}\n"


def write_written(plan: Plan, folder: Path) -> None:
    """`folder`/brief.yaml and `folder`/brand/brand.yaml, as a person would have written them."""
    import yaml

    said = {t.line for m in plan.moments for t in m.takes if t.best}
    told = [line for line in LINES if line.key in said]
    hooks = [x.text for x in told if x.role == "hook" and len(x.text) <= 42]
    body = [x.text.rstrip(".") for x in told if x.role == "body"]
    brief = {
        "title": "Wickfield, a kettle that sings",
        "language": "en",
        "durations": list(plan.durations),
        "tier": "delivery",
        "key_messages": [*body[:3], *(f"Show the {tag}" for tag in plan.must_show)],
        "must_say": [BY_KEY[key].text for key in plan.must_say],
        "call_to_action": "Find your kettle at wickfield.example",
        "hooks": [*hooks, "Listen for the whistle", "A kettle that sings"][:3],
        "script": "\n".join(line.text for line in told) + "\n",
        "glossary": [dict(g) for g in GLOSSARY],
        "forbidden": [*MUST_NOT, "cheapest", "guaranteed"],
        "hashtags": ["#wickfield", "#kettle"],
        "music": "bed.wav",
    }
    brand = {
        "name": BRAND,
        "tagline": "It sings when it is ready.",
        "colors": {"primary": "#E0A030", "ink": "#182430", "paper": "#F7F1E6"},
    }
    (folder / "brand").mkdir(parents=True, exist_ok=True)
    for path, plain in ((folder / "brief.yaml", brief), (folder / "brand/brand.yaml", brand)):
        text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=96)
        path.write_text(text, encoding="utf-8")
