"""The spoken takes: Festival's voice, its own word times, and the sound of a room around it.

Needs the Debian packages `festival` and `festvox-us-slt-hts`; only the authoring run does.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import signal

from video_assets.demo.lines import Interview, Take

RATE = 48_000
_MARKS = ".,?!"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, with its start and end in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Phone:
    """One speech sound (radio phone set) with its start and end in seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Speech:
    """A clip's sound: `samples` (frames, 2) at 48 kHz in -1..1, and what is said when."""

    samples: np.ndarray
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / RATE


def require_festival() -> str:
    """The festival program; explains what to install where it is absent."""
    found = shutil.which("festival")
    if not found:
        raise SystemExit(
            "festival was not found: the demo's voices need it. Install the Debian packages "
            "festival and festvox-us-slt-hts and run again (the finished footage needs neither)."
        )
    return found


def _synthesise(takes: list[Take]) -> list[tuple[np.ndarray, list[Word], list[Phone]]]:
    """Dry mono speech per take at 48 kHz, with times from Festival's own utterance."""
    program = require_festival()
    with tempfile.TemporaryDirectory() as folder:
        script = [
            "(voice_cmu_us_slt_arctic_hts)",
            "(define base hts_engine_params)",
            "(define (say text name pace)",
            '  (set! hts_engine_params (append base (list (list "-r" pace))))',
            "  (let ((u (utt.synth (eval (list 'Utterance 'Text text)))))",
            '    (format t "TAKE\\n")',
            "    (utt.save.wave u name 'riff)",
            '    (mapcar (lambda (s) (format t "PHONE %s %f %f\\n" (item.name s)',
            '       (item.feat s "segment_start") (item.feat s "end")))',
            "       (utt.relation.items u 'Segment))",
            '    (mapcar (lambda (w) (format t "WORD %s %f %f\\n" (item.name w)',
            '       (item.feat w "word_start") (item.feat w "word_end")))',
            "       (utt.relation.items u 'Word))))",
        ]
        for index, take in enumerate(takes):
            script.append(f'(say "{take.text}" "{folder}/{index}.wav" {take.pace})')
        path = Path(folder) / "say.scm"
        path.write_text("\n".join(script) + "\n")
        done = subprocess.run([program, "--batch", str(path)], capture_output=True, text=True)
        if done.returncode or "TAKE" not in done.stdout:
            raise SystemExit(
                "festival could not speak the demo's lines; is festvox-us-slt-hts installed? "
                f"It said: {(done.stderr or done.stdout).strip()[:400]}"
            )
        blocks = done.stdout.split("TAKE\n")[1:]
        return [
            _read(take, Path(folder) / f"{index}.wav", block)
            for index, (take, block) in enumerate(zip(takes, blocks, strict=True))
        ]


def _read(take: Take, path: Path, block: str) -> tuple[np.ndarray, list[Word], list[Phone]]:
    rows = [line.split() for line in block.splitlines()]
    phones = [Phone(r[1], float(r[2]), float(r[3])) for r in rows if r[:1] == ["PHONE"]]
    timed = [(float(r[2]), float(r[3])) for r in rows if r[:1] == ["WORD"] and r[1] not in _MARKS]
    texts = take.text.split()
    if len(timed) != len(texts):
        raise SystemExit(
            f"festival read {len(timed)} words where the take has {len(texts)}: {take}"
        )
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    # Playing the samples slower by 1 / pitch moves pitch and formants together, and every time
    # with them by exactly that factor.
    length = round(len(raw) / rate / take.pitch * RATE)
    dry = signal.resample(raw.astype(np.float64) / 32768.0, length)
    scale = len(dry) / RATE / (len(raw) / rate)
    words = [Word(t, a * scale, b * scale) for t, (a, b) in zip(texts, timed, strict=True)]
    phones = [Phone(p.name, p.start * scale, p.end * scale) for p in phones]
    return dry, words, phones


def _polished(dry: np.ndarray) -> np.ndarray:
    """The dry voice with rumble and buzz taken off, presence added and gently compressed."""
    out = signal.sosfilt(signal.butter(2, 85, "highpass", fs=RATE, output="sos"), dry)
    # The vocoder's buzz sits above 9 kHz; a slope there sounds like a softer microphone.
    out = signal.sosfilt(signal.butter(1, 9500, "lowpass", fs=RATE, output="sos"), out)
    warm = signal.sosfilt(signal.butter(1, [150, 320], "bandpass", fs=RATE, output="sos"), out)
    boxy = signal.sosfilt(signal.butter(1, [420, 800], "bandpass", fs=RATE, output="sos"), out)
    clear = signal.sosfilt(signal.butter(1, [2600, 4800], "bandpass", fs=RATE, output="sos"), out)
    out = out + 0.25 * warm - 0.22 * boxy + 0.35 * clear
    window = np.hanning(int(0.03 * RATE))
    level = np.sqrt(signal.oaconvolve(out**2, window / window.sum(), mode="same").clip(1e-10))
    threshold = 10 ** (-26 / 20)
    gain = np.minimum(1.0, (threshold / level) ** 0.4)
    return out * gain


def _room(rng: np.random.Generator, decay: float) -> np.ndarray:
    """A small room's stereo impulse response: early reflections, then noise fading in `decay` s."""
    length = int(decay * 1.4 * RATE)
    time = np.arange(length) / RATE
    tail = rng.standard_normal((length, 2)) * np.exp(-6.9 * time / decay)[:, None]
    tail = signal.sosfilt(signal.butter(1, 4200, "lowpass", fs=RATE, output="sos"), tail, axis=0)
    tail[: int(0.012 * RATE)] = 0
    for delay, gain in ((0.0067, 0.8), (0.0113, 0.6), (0.0171, 0.5), (0.0239, 0.35)):
        for side in (0, 1):
            tail[int((delay + 0.0011 * side) * RATE), side] += gain * 3
    return tail / np.sqrt((tail**2).sum(axis=0))


def room_tone(count: int, rng: np.random.Generator, level: float) -> np.ndarray:
    """Soft air of `level` dBFS RMS, (count, 2): brownish noise with a slow breath."""
    noise = rng.standard_normal((count, 2))
    noise = signal.sosfilt(signal.butter(1, [60, 700], "bandpass", fs=RATE, output="sos"), noise, 0)
    breath = 1 + 0.12 * np.sin(2 * np.pi * 0.17 * np.arange(count) / RATE)
    noise *= breath[:, None]
    return noise * (10 ** (level / 20) / np.sqrt((noise**2).mean()))


def speak(interview: Interview, seed: int) -> Speech:
    """The interview's sound: takes in order with quiet between, in a room, at about -20 LUFS."""
    rng = np.random.default_rng(seed)
    spoken = _synthesise(list(interview.takes))
    words: list[Word] = []
    phones: list[Phone] = []
    pieces: list[tuple[float, np.ndarray]] = []
    clock = interview.lead
    for dry, take_words, take_phones in spoken:
        # Festival's own pauses at both ends are trimmed away, so that the gap is ours alone.
        first, last = take_words[0].start, take_words[-1].end
        pad = 0.06
        piece = dry[round((first - pad) * RATE) : round((last + pad) * RATE)].copy()
        ramp = np.linspace(0, 1, int(0.02 * RATE))
        piece[: len(ramp)] *= ramp
        piece[-len(ramp) :] *= ramp[::-1]
        shift = clock - first
        pieces.append((clock - pad, piece))
        words += [Word(w.text, w.start + shift, w.end + shift) for w in take_words]
        phones += [Phone(p.name, p.start + shift, p.end + shift) for p in take_phones]
        clock += last - first + interview.gap * float(rng.uniform(0.92, 1.12))
    total = words[-1].end + interview.tail
    # Whole frames at 25 fps, so that picture and sound end together.
    count = round(np.ceil(total * 25) / 25 * RATE)
    mono = np.zeros(count)
    for start, piece in pieces:
        at = round(start * RATE)
        mono[at : at + len(piece)] += piece
    mono = _polished(mono)
    wet = signal.oaconvolve(mono[:, None], _room(rng, 0.26), axes=0)[:count]
    voice = mono[:, None] + 0.16 * wet
    voiced = np.abs(mono) > 10 ** (-45 / 20)
    loud = np.sqrt((voice[voiced] ** 2).mean())
    voice *= 10 ** (-20.3 / 20) / loud
    limit = 10 ** (-4.5 / 20)
    voice = limit * np.tanh(voice / limit)
    samples = voice + room_tone(count, rng, -60.0)
    return Speech(samples.astype(np.float32), tuple(words), tuple(phones))
