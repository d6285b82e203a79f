"""What a person writes in YAML, checked: every error names file, line, key and what is allowed."""

import re
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from video_assets.foundation.errors import BriefError

Model = TypeVar("Model", bound=BaseModel)
LARGEST = 1_000_000
"""Characters: more is no text that a person wrote."""


class Part(BaseModel):
    """A mapping of known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


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


def read_written(
    path: Path, model: type[Model], example: str, parts: Mapping[str, type[BaseModel]]
) -> Model:
    """The model in a YAML file.

    `example`: a key and value that would do. `parts`: the models below keys, for hints. Raises
    BriefError with one line a problem: file, line, key, what is wrong, what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BriefError(f"{path} is missing; one line such as `{example}` is enough") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BriefError(f"{path} cannot be read as UTF-8 text: {error}") from error
    if len(text) > LARGEST:
        raise BriefError(f"{path} is larger than a million characters: nobody wrote that")
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
        raise BriefError(f"{path}: must hold keys and values, such as `{example}`")
    found = {key: value for key, value in found.items() if value is not None}  # `durations:` alone
    try:
        return model.model_validate(found)
    except ValidationError as error:
        lines = [_explained(path, node, e, example, model, parts) for e in error.errors()]
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


def _explained(
    path: Path,
    node: Any,
    error: Any,
    example: str,
    model: type[BaseModel],
    parts: Mapping[str, type[BaseModel]],
) -> list[str]:
    from rapidfuzz import process

    loc = error["loc"]
    key = ".".join(str(p) for p in loc)
    where = f"{path}, line {_line_of(node, loc)}"
    kind = error["type"]
    if kind == "extra_forbidden":
        known = list((parts.get(str(loc[0]), model) if loc[:-1] else model).model_fields)
        near = process.extractOne(str(loc[-1]), known, score_cutoff=70)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return [f"{where}: {key}: unknown key; {hint}known keys: {', '.join(known)}"]
    if kind == "missing":
        return [f"{path}: {key}: is missing; write for example `{example}`"]
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
