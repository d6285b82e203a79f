"""How a figure acts: mouth shapes from speech sounds, blinks, glances, and the sway of a head."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import numpy as np
from scipy.ndimage import gaussian_filter1d

from video_assets.demo.face import Pose
from video_assets.demo.voice import Speech

# Speech sound -> (how open 0..1, how wide -1..1, teeth 0..1).
_SHAPES: dict[str, tuple[float, float, float]] = {
    "pau": (0.0, 0.05, 0.0),
    **dict.fromkeys(("p", "b", "m"), (0.0, -0.05, 0.0)),
    **dict.fromkeys(("f", "v"), (0.08, 0.1, 0.7)),
    **dict.fromkeys(("t", "d", "n", "l"), (0.2, 0.2, 0.4)),
    **dict.fromkeys(("s", "z"), (0.1, 0.25, 0.7)),
    **dict.fromkeys(("th", "dh"), (0.18, 0.15, 0.5)),
    **dict.fromkeys(("sh", "zh", "ch", "jh"), (0.16, -0.55, 0.6)),
    **dict.fromkeys(("k", "g", "ng", "hh", "y"), (0.24, 0.15, 0.2)),
    **dict.fromkeys(("w",), (0.12, -0.95, 0.0)),
    **dict.fromkeys(("r", "er"), (0.22, -0.45, 0.2)),
    **dict.fromkeys(("uw", "uh"), (0.2, -0.85, 0.0)),
    **dict.fromkeys(("ow", "ao"), (0.5, -0.65, 0.0)),
    **dict.fromkeys(("aa", "ay", "aw"), (0.78, 0.1, 0.2)),
    **dict.fromkeys(("ae",), (0.62, 0.45, 0.3)),
    **dict.fromkeys(("ah", "ax", "eh"), (0.42, 0.15, 0.2)),
    **dict.fromkeys(("ey", "ih"), (0.3, 0.45, 0.35)),
    **dict.fromkeys(("iy",), (0.22, 0.6, 0.4)),
}
_STEP = 200  # samples of a curve a second


class Performance:
    """Curves over a clip's time, drawn from its speech; the same seed acts the same way again."""

    def __init__(self, speech: Speech, seed: int) -> None:
        rng = np.random.default_rng(seed)
        count = int(speech.duration * _STEP) + _STEP
        shapes = np.tile(np.array(_SHAPES["pau"]), (count, 1))
        talking = np.zeros(count)
        for phone in speech.phones:
            # Lips move some 40 ms before the sound they make.
            a, b = (round((t - 0.04) * _STEP) for t in (phone.start, phone.end))
            shapes[max(a, 0) : max(b, 0)] = _SHAPES.get(phone.name, (0.25, 0.1, 0.2))
            if phone.name != "pau":
                talking[max(a, 0) : max(b, 0)] = 1
        self._shapes = gaussian_filter1d(shapes, 0.035 * _STEP, axis=0)
        self._talking = gaussian_filter1d(talking, 0.25 * _STEP)
        self._motion = np.stack(
            [
                gaussian_filter1d(rng.standard_normal(count), s * _STEP)
                for s in (0.55, 0.45, 0.6, 0.8)
            ],
            1,
        )
        self._motion /= self._motion.std(axis=0)
        # Accents: a small nod where a long vowel is said.
        nods = np.zeros(count)
        for phone in speech.phones:
            if phone.name != "pau" and phone.end - phone.start > 0.13:
                nods[min(count - 1, round(phone.start * _STEP))] += 1
        self._nods = gaussian_filter1d(nods, 0.09 * _STEP) * 0.09 * _STEP * 2.5
        self._blinks: list[float] = []
        moment = rng.uniform(0.5, 1.2)
        while moment < speech.duration:
            self._blinks.append(moment)
            moment += rng.uniform(2.0, 4.2)
        self._glance = gaussian_filter1d(
            np.repeat(rng.normal(0, 1, (count // 260 + 2, 2)), 260, axis=0)[:count],
            0.02 * _STEP,
            axis=0,
        )

    def _at(self, curve: np.ndarray, moment: float) -> np.ndarray:
        position = min(max(moment * _STEP, 0), len(curve) - 2)
        whole = int(position)
        return curve[whole] + (curve[whole + 1] - curve[whole]) * (position - whole)

    def motion(self, moment: float) -> tuple[float, float, float, float]:
        """Turn, nod (as shift per unit of relief), tilt (radians) and sway (face units)."""
        turn, nod, tilt, sway = self._at(self._motion, moment)
        lively = 0.55 + 0.45 * float(self._at(self._talking, moment))
        accent = float(self._at(self._nods, moment))
        return (
            0.042 * turn * lively,
            0.022 * nod * lively + 0.045 * accent,
            0.018 * tilt * lively,
            0.030 * sway,
        )

    def pose(self, moment: float) -> Pose:
        """The expression at `moment` seconds."""
        opened, wide, teeth = (float(x) for x in self._at(self._shapes, moment))
        blink = 0.0
        for at in self._blinks:
            since = moment - at
            if -0.08 < since < 0.16:
                blink = max(blink, 1 - since / 0.16 if since > 0 else 1 + since / 0.08)
        # A slight, friendly narrowing when the mouth is at rest and smiling.
        gaze = self._at(self._glance, moment) * np.array([0.07, 0.04])
        blink = min(1.0, blink**0.7 if blink > 0 else 0.0)
        return Pose(max(0.06, blink), (float(gaze[0]), float(gaze[1])), opened, wide, teeth)
