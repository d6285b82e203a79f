"""The brief: what a person wants; every error names file, line, key and what is allowed."""

import re
import reprlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from video_assets.foundation.errors import BriefError
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Spelling(_Part):
    """A word as the brand spells it, and how machines mishear it."""

    word: Short
    instead_of: tuple[Short, ...] = ()


class Allow(_Part):
    """What publication may overlook."""

    upscale: bool = False
    """Pictures enlarged beyond the smallest rendition."""
    downgrade: bool = False
    """A lower engine than the plan chose."""


class Brief(_Part):
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


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: `off` is a word, `9:16` no number in base 60, a key stands once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, str) and key in seen:
                raise BriefError(f"line {line}: {key}: stands there twice (also line {seen[key]})")
            if isinstance(key, str):
                seen[key] = line
        return super().construct_mapping(node, deep)


_PLAIN = {
    "tag:yaml.org,2002:bool": re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
    "tag:yaml.org,2002:int": re.compile(r"^[-+]?[0-9]+$"),
}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, _PLAIN.get(tag, pattern)) for tag, pattern in known]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_brief(path: Path) -> Brief:
    """The brief in a YAML file.

    Raises BriefError with one line a problem: file, line, key, what is wrong, what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BriefError(
            f"{path} is missing; one line such as `title: My film` is enough"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BriefError(f"{path} cannot be read as UTF-8 text: {error}") from error
    if len(text) > 1_000_000:
        raise BriefError(f"{path} is larger than a million characters: that is no brief")
    try:
        node = yaml.compose(text, Loader=_Loader)
        found = yaml.load(text, Loader=_Loader)  # a SafeLoader: makes no objects
    except BriefError as error:
        raise BriefError(f"{path}: {error}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "cannot be understood"
        if "mapping values" in what:
            what += "; put quotes round a text that holds a colon"
        if "\\t" in what:
            what += "; use spaces, not tabs"
        raise BriefError(f"{path}{where}: this is not YAML: {what}") from error
    if not isinstance(found, dict):
        raise BriefError(f"{path}: must hold keys and values, such as `title: My film`")
    found = {key: value for key, value in found.items() if value is not None}  # `durations:` alone
    try:
        return Brief.model_validate(found)
    except ValidationError as error:
        lines = [_explained(path, node, e) for e in error.errors()]
        raise BriefError("\n".join(line for group in lines for line in group)) from None


def _line_of(node: Any, loc: Sequence[Any]) -> int:
    """The line (from 1) of the deepest part of `loc` that stands in the file."""
    line = 1
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            if step >= len(node.value):
                return line
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            return line
    return line


HINTS = {
    "tuple_type": "write a list, such as `{key}: [one, two]`",
    "string_type": "write it as text, in quotes",
    "model_type": "write keys and values below it",
    "model_attributes_type": "write keys and values below it",
}
"""What to do about pydantic's type errors, for people who write YAML."""


def _explained(path: Path, node: Any, error: Any) -> list[str]:
    from rapidfuzz import process

    loc = error["loc"]
    key = ".".join(str(p) for p in loc)
    where = f"{path}, line {_line_of(node, loc)}"
    kind = error["type"]
    if kind == "extra_forbidden":
        known = list(_keys(loc[:-1]))
        near = process.extractOne(str(loc[-1]), known, score_cutoff=70)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return [f"{where}: {key}: unknown key; {hint}known keys: {', '.join(known)}"]
    if kind == "missing":
        return [f"{path}: {key}: is missing; write for example `{key}: My film`"]
    if kind == "literal_error":
        return [
            f"{where}: {key}: {_shown(error['input'])} is not one of {error['ctx']['expected']}"
        ]
    if kind == "value_error" and not loc:
        told = str(error["ctx"]["error"]).splitlines()
        return [f"{path}, line {_line_of(node, [t.split(':')[0]])}: {t}" for t in told]
    if kind in HINTS:
        return [f"{where}: {key}: {_shown(error['input'])}: {HINTS[kind].format(key=loc[-1])}"]
    message = error["msg"][0].lower() + error["msg"][1:]
    return [f"{where}: {key}: {_shown(error['input'])}: {message}"]


def _shown(value: Any) -> str:
    short = reprlib.Repr()  # an alias bomb must not be written out to be cut short
    short.maxlevel, short.maxlist, short.maxdict, short.maxstring = 2, 4, 4, 60
    text = short.repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _keys(loc: Sequence[Any]) -> Iterable[str]:
    models: dict[str, type[BaseModel]] = {"glossary": Spelling, "allow": Allow}
    model = models.get(str(loc[0]), Brief) if loc else Brief
    return model.model_fields


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
