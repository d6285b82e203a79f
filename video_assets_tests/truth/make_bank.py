"""Speaks the bank again: `python -m video_assets_tests.truth.make_bank`.

Needs festival with festvox-us-slt-hts. Writes `bank/voices.flac` (16 kHz mono, 16 bit, all
utterances end to end) and `bank/voices.json` (where each lies, its words and speech sounds in
samples). The word after a pause begins where its sound does: what is softer before it is cut off.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
from scipy import signal

from video_assets.demo import voice
from video_assets.demo.lines import Take
from video_assets.foundation.media import ffmpeg_path
from video_assets_tests.truth.lines import LINES, SPEAKERS, marked, variants
from video_assets_tests.truth.voices import BANK, RATE

ONSET_DB = -26.0
"""Level of a 5 ms window, against the utterance's speech, from which a word is heard to begin."""
SEARCH = (0.06, 0.16)
"""Seconds before and after Festival's own time of a word in which its sound may begin."""
PAUSE = 0.05
"""Seconds without speech from which a word counts as one after a pause."""
LEVEL_DB = -20.0
"""RMS of every utterance's speech, dBFS."""


def _levels(sound: np.ndarray) -> np.ndarray:
    """dB of a 5 ms window around every sample."""
    window = np.ones(80) / 80
    power = signal.oaconvolve(sound**2, window, mode="same")
    return 10 * np.log10(np.maximum(power, 1e-12))


def _trimmed(
    dry: np.ndarray, words: list[voice.Word], phones: list[voice.Phone]
) -> tuple[np.ndarray, list[list[int]], list[list[object]]]:
    """Sound at 16 kHz that begins with its first word; words and sounds as sample spans."""
    sound = signal.resample_poly(voice._polished(dry), 1, 3)
    spans = [[round(w.start * RATE), round(w.end * RATE)] for w in words]
    sound = sound[: spans[-1][1] + RATE // 20]
    levels = _levels(sound)
    active = 10 * np.log10(np.mean(sound[levels > levels.max() - 30] ** 2))
    quiet = [p for p in phones if p.name == "pau"]
    after_pause = [0] + [
        n + 1
        for n, (a, b) in enumerate(pairwise(words))
        if any(p.end - p.start >= PAUSE and a.end - 0.01 <= p.start and p.end <= b.start + 0.01
               for p in quiet)
    ]  # fmt: skip
    for n in after_pause:
        at = spans[n][0]
        low, high = max(0, at - round(SEARCH[0] * RATE)), at + round(SEARCH[1] * RATE)
        heard = np.flatnonzero(levels[low:high] > active + ONSET_DB)
        onset = low + int(heard[0]) if len(heard) else at
        before = spans[n - 1][1] + RATE // 25 if n else 0
        fade = min(48, onset - before) if n else min(48, onset)
        if fade > 0:  # 3 ms rise up to the onset, nothing before
            sound[onset - fade : onset] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)
            sound[min(before, onset - fade) : onset - fade] = 0
        if n:  # the word before dies away in 40 ms
            tail = slice(spans[n - 1][1], min(before, onset - fade))
            sound[tail] *= np.linspace(1, 0, len(sound[tail]))
        spans[n][0] = onset
    sound[spans[-1][1] :] *= np.linspace(1, 0, len(sound) - spans[-1][1])
    first = spans[0][0] - 48
    sound = sound[first:] * 10 ** ((LEVEL_DB - active) / 20)
    shown = [
        [p.name, max(0, round(p.start * RATE) - first), round(p.end * RATE) - first]
        for p in phones
        if round(p.end * RATE) > first
    ]
    return sound, [[a - first, b - first] for a, b in spans], shown


def main() -> int:
    """Speaks every variant of every line and writes the two files."""
    voices = {s.name: s for s in SPEAKERS}
    wanted = [(line, name, marked(text)) for line in LINES for name, text in variants(line).items()]
    takes = []
    for line, name, words in wanted:
        speaker = voices[line.speaker]
        quick = {"again": (0.93, 1.02), "filler": (1.03, 0.99), "flub": (1.0, 1.01)}
        pace, pitch = quick.get(name, (1.0, 1.0))
        text = " ".join(word for word, _ in words)
        takes.append(Take(text, round(speaker.pace * pace, 3), round(speaker.pitch * pitch, 3)))
    spoken = voice._synthesise(takes)
    pieces, entries, at = [], [], 0
    for (line, name, words), (dry, timed, phones) in zip(wanted, spoken, strict=True):
        sound, spans, shown = _trimmed(dry, timed, phones)
        entries.append({
            "line": line.key, "variant": name, "speaker": line.speaker, "at": at,
            "length": len(sound),
            "words": [[w, kind, *span] for (w, kind), span in zip(words, spans, strict=True)],
            "phones": shown,
        })  # fmt: skip
        pieces.append(sound)
        at += len(sound)
    raw = np.clip(np.rint(np.concatenate(pieces) * 32767), -32768, 32767).astype("<i2")
    BANK.mkdir(exist_ok=True)
    command = [
        ffmpeg_path(), "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-",
        "-c:a", "flac", "-compression_level", "12", "-fflags", "+bitexact", "-flags", "+bitexact",
        str(BANK / "voices.flac"),
    ]  # fmt: skip
    subprocess.run(command, input=raw.tobytes(), check=True)
    rows = ",\n".join(json.dumps(entry) for entry in entries)
    text = f'{{"version": 1, "rate": {RATE}, "utterances": [\n{rows}\n]}}\n'
    (BANK / "voices.json").write_text(text, encoding="utf-8")
    print(f"{len(entries)} utterances, {at / RATE:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
