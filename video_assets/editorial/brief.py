"""The brief: what a person wants; every error names file, line, key and what is allowed."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, Field, model_validator

from video_assets.editorial.written import Part, read_written
from video_assets.foundation.records import FootageRow

DURATIONS = (6, 15, 30, 60, 120)
"""Seconds a cut may be asked to last (CRAFT 1.1)."""
Aspect = Annotated[
    Literal["9x16", "4x5", "3x4", "2x3", "1x1", "16x9"],
    # 9:16 is how people write what keys and files call 9x16
    BeforeValidator(lambda value: value.replace(":", "x") if isinstance(value, str) else value),
]
ASPECTS: tuple[Aspect, ...] = ("9x16", "4x5", "3x4", "2x3", "1x1", "16x9")
HOOK_LENGTH = 42
CTA_LENGTH = 60

Short = Annotated[str, Field(min_length=1, max_length=200)]


class Spelling(Part):
    """A word as the brand spells it, and how machines mishear it."""

    word: Short
    instead_of: tuple[Short, ...] = ()


class Allow(Part):
    """What publication may overlook."""

    upscale: bool = False
    """Pictures enlarged beyond the smallest rendition."""
    downgrade: bool = False
    """A lower engine than the plan chose."""


class Brief(Part):
    """What one campaign should say."""

    title: Short
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    durations: tuple[Literal[6, 15, 30, 60, 120], ...] = ()
    """Seconds, one idea each; empty: the longest of 6, 15 and 30 that the library can fill."""
    tier: Literal["draft", "delivery"] = "delivery"
    key_messages: tuple[Short, ...] = ()
    must_say: tuple[Short, ...] = ()
    call_to_action: Annotated[str, Field(max_length=CTA_LENGTH)] = ""
    hooks: tuple[Annotated[str, Field(min_length=1, max_length=HOOK_LENGTH)], ...] = ()
    """On-screen words of the first seconds, best first."""
    script: str = ""
    """What is spoken, a sentence a line."""
    glossary: tuple[Spelling, ...] = ()
    forbidden: tuple[Short, ...] = ()
    """Words that may not be said or shown."""
    hashtags: tuple[Short, ...] = ()
    music: Short = "auto"
    """auto, none, or a file's name in music/."""
    captions: Literal["auto", "off"] = "auto"
    aspects: tuple[Aspect, ...] = ASPECTS
    allow: Allow = Allow()

    @property
    def script_lines(self) -> tuple[str, ...]:
        """The script's sentences."""
        return tuple(s.strip() for s in self.script.splitlines() if s.strip())

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Brief":
        """Contradictions, all of them, one a line; the first word names the key."""
        problems = []
        wanted = {
            "must_say": self.must_say,
            "key_messages": self.key_messages,
            "hooks": self.hooks,
            "call_to_action": (self.call_to_action,),
        }
        for key, texts in wanted.items():
            for text in texts:
                bad = [w for w in self.forbidden if contains_word(text, w)]
                problems += [f"{key}: {text!r} contains {w!r}, which is forbidden" for w in bad]
        for key in ("durations", "aspects"):
            values = getattr(self, key)
            twice = sorted({str(v) for v in values if values.count(v) > 1})
            problems += [f"{key}: {v} is named twice" for v in twice]
        if not self.aspects:
            problems.append("aspects: at least one is needed; leave the key out for all six")
        if problems:
            raise ValueError("\n".join(problems))
        return self


def contains_word(text: str, word: str) -> bool:
    """Whether `word` (or phrase) stands in `text` as whole words, whatever the case."""
    pattern = r"\s+".join(map(re.escape, word.split()))
    return re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) is not None


def load_brief(path: Path) -> Brief:
    """The brief in a YAML file.

    Raises BriefError with one line a problem: file, line, key, what is wrong, what is allowed.
    """
    return read_written(path, Brief, "title: My film", {"glossary": Spelling, "allow": Allow})


FIRST = """\
# The brief: what this campaign should say. Only `title` is needed; everything else has a default.
# What was found in the footage: {found}
title: {title}
language: en                 # of what is spoken: two letters

# How long the cuts should be, in seconds, one idea each: 6, 15, 30, 60, 120.
# Left out: the longest of 6, 15 and 30 that the footage can fill.
{durations}
tier: delivery               # or draft

# What must come across, a short sentence each; lines and pictures are chosen for it.
key_messages: []
must_say: []                 # sentences that have to be heard
call_to_action: ""           # end card, at most {cta} characters
hooks: []                    # on-screen words of the first seconds, at most {hook} characters each

# What people say in the footage, a sentence a line, where you have it.
script: ""
glossary: []                 # e.g. [{{word: Wickfield, instead_of: [Wakefield]}}]
forbidden: []                # words that may not be said or shown
hashtags: []

music: auto                  # the first file in music/; or none, or a file's name
captions: auto               # burned in where the words are sure; or off
# aspects: [9x16, 1x1]       # only these; left out: all six
allow: {{upscale: false, downgrade: false}}   # what publication may overlook
"""


def write_first_brief(
    rows: Sequence[FootageRow], speech: float | None, title: str = "Untitled"
) -> str:
    """A commented brief from a probe of the footage; it loads as it is.

    `speech`: seconds in which somebody speaks, where that is known already.
    """
    clips = [r for r in rows if r.role == "clip"]
    seconds = float(sum(r.duration for r in clips))
    sizes = sorted({(r.width, r.height) for r in clips}, reverse=True)
    sidecars = sum(r.role == "sidecar" for r in rows)
    parts = [
        f"{len(clips)} clips, {seconds / 3600:.2f} h",
        "sizes " + ", ".join(f"{w}x{h}" for w, h in sizes[:6]) if sizes else "no picture",
        f"{sidecars} with words beside them" if sidecars else "no words beside the clips",
    ]
    if speech is not None:
        parts.append(f"{speech:.0f} s of speech")
    fits = [d for d in (6, 15, 30) if seconds >= 2 * d]
    asked = f"# durations: [{', '.join(map(str, fits))}]" if fits else "# durations: [6]"
    return FIRST.format(
        found="; ".join(parts),
        title=yaml.safe_dump(
            " ".join(title.split())[:200].strip() or "Untitled", allow_unicode=True, width=10**6
        ).splitlines()[0],
        durations=asked,
        cta=CTA_LENGTH,
        hook=HOOK_LENGTH,
    )
