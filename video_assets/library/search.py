"""Footage found by words or by a picture: what is said and tagged first, then its look."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath

from video_assets.foundation.records import FootageRow, Line, Shot, Tag
from video_assets.foundation.store import Project
from video_assets.library.frame_index import frame_scores, read_picture, vectors_of
from video_assets.library.sentences import FILLERS, tokens
from video_assets.models.embedders import (
    default_embedder,
    describe_look,
    embedder,
    fits,
    visual_words,
)

FOOTAGE, SHOTS, LINES, TAGS = (
    "library/footage.parquet",
    "library/shots.parquet",
    "library/lines.parquet",
    "library/tags.parquet",
)
_STOP = frozenset("a an the of on in at to and or with for from by is are it this that".split())  # noqa: SIM905 (words read better so)
_TYPO = 84
"""rapidfuzz ratio, 0..100, from which an unknown word of five letters or more means a known one."""
_K1, _B = 1.2, 0.5
_LOOK_FLOOR = 0.2
"""Fit, 0..1, below which a frame does not answer to visual words."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A stretch of footage that answers to a search."""

    shot_id: str
    clip_id: str
    path: str
    """Of the clip, relative to the footage folder."""
    start: Fraction
    """Clip's clock; of the line that matched, else of the shot."""
    end: Fraction
    score: float
    """0..1 and more; only the order means something, and only within one search."""
    why: str
    """What matched, for people."""


@dataclass(frozen=True, slots=True)
class _Said:
    """Something that speaks for a shot: a tag, a spoken line, the clip's name."""

    shot: Shot
    why: str
    stems: tuple[str, ...]
    weight: float
    line: Line | None = None


def search(project: Project, text: str | None, image: Path | None, limit: int) -> list[Hit]:
    """The best stretches for words, for a picture, or for both; best first, each shot once.

    Words are looked for in tags, speech and names (plurals and slips of the finger included), then
    visual words (colours, light) in the pictures. Empty where nothing answers. Raises FootageError
    where `image` is no picture.
    """
    rows = {r.clip_id: r for r in project.read(FOOTAGE, FootageRow) if r.role in ("clip", "sound")}
    shots = [s for s in project.read(SHOTS, Shot) if s.clip_id in rows]
    lines = project.read(LINES, Line) if project.path(LINES).is_file() else []
    tags = project.read(TAGS, Tag) if project.path(TAGS).is_file() else []
    hits: dict[str, Hit] = {}
    if text and text.strip():
        for hit in search_words(text, rows, shots, lines, tags):
            _merge(hits, hit)
        for hit in _by_look(project, text, rows, shots):
            _merge(hits, hit)
    if image is not None:
        for hit in _by_image(project, image, rows, shots):
            _merge(hits, hit)
    return sorted(hits.values(), key=_order)[: max(0, limit)]


def _order(hit: Hit) -> tuple[float, str, Fraction]:
    return (-hit.score, hit.path, hit.start)


def _merge(hits: dict[str, Hit], hit: Hit) -> None:
    old = hits.get(hit.shot_id)
    if old is None:
        hits[hit.shot_id] = hit
        return
    hits[hit.shot_id] = Hit(
        old.shot_id, old.clip_id, old.path, old.start, old.end,
        round(old.score + hit.score, 6), f"{old.why}; {hit.why}",
    )  # fmt: skip


def search_words(
    text: str,
    rows: dict[str, FootageRow],
    shots: Sequence[Shot],
    lines: Sequence[Line],
    tags: Sequence[Tag],
) -> list[Hit]:
    """BM25 over what is said, tagged and named; best first. `rows` by clip_id.

    A shot's score is that of all its words together; the reason names the best tag or line.
    """
    wanted = [w for w in dict.fromkeys(map(stem, tokens(text))) if w not in _STOP]
    said = list(_documents(rows, shots, lines, tags))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    weight: dict[tuple[str, str], float] = {}
    length: Counter[str] = Counter()
    for entry in said:
        for s in entry.stems:
            counts[s][entry.shot.shot_id] += 1
            key = (s, entry.shot.shot_id)
            weight[key] = max(weight.get(key, 0.0), entry.weight)
        length[entry.shot.shot_id] += len(entry.stems)
    meant = {w: _nearest(w, counts) for w in wanted}
    terms = [known for known in meant.values() if known]
    if not terms:
        return []
    usual = sum(length.values()) / max(1, len(length))
    scores: dict[str, float] = defaultdict(float)
    found: dict[str, set[str]] = defaultdict(set)
    for term in dict.fromkeys(terms):
        holders = counts[term]
        rarity = math.log(1 + (len(shots) - len(holders) + 0.5) / (len(holders) + 0.5))
        for shot_id, count in holders.items():
            norm = _K1 * (1 - _B + _B * length[shot_id] / usual)
            scores[shot_id] += rarity * count * (_K1 + 1) / (count + norm) * weight[term, shot_id]
            found[shot_id].add(term)
    top = max(scores.values())
    by_shot: dict[str, list[_Said]] = defaultdict(list)
    for entry in said:
        if entry.shot.shot_id in scores:
            by_shot[entry.shot.shot_id].append(entry)
    hits = []
    for shot_id, score in scores.items():
        share = len(found[shot_id]) / len(
            wanted
        )  # an answer to all words beats a loud answer to one
        hits.append(_hit(by_shot[shot_id], set(terms), rows, score / top * share))
    return sorted(hits, key=_order)


def _hit(
    entries: Sequence[_Said], terms: set[str], rows: dict[str, FootageRow], score: float
) -> Hit:
    def strength(entry: _Said) -> tuple[float, int]:
        return (len(terms & set(entry.stems)) * entry.weight, -len(entry.stems))

    best = max(entries, key=strength)
    shot, line = best.shot, best.line
    start, end = (
        (max(line.start, shot.start), min(line.end, shot.end)) if line else (shot.start, shot.end)
    )
    path = rows[shot.clip_id].path
    return Hit(shot.shot_id, shot.clip_id, path, start, end, round(score, 6), best.why)


def _documents(
    rows: dict[str, FootageRow], shots: Sequence[Shot], lines: Sequence[Line], tags: Sequence[Tag]
) -> Iterable[_Said]:
    by_id = {s.shot_id: s for s in shots}
    of_clip: dict[str, list[Shot]] = defaultdict(list)
    for shot in shots:
        of_clip[shot.clip_id].append(shot)
        path = PurePosixPath(rows[shot.clip_id].path)
        name = _stems(" ".join((*path.parent.parts, path.stem)))
        yield _Said(shot, f"name: {path}", name, 0.7)
    for tag in tags:
        if tag.shot_id in by_id and tag.kind != "speech":  # the lines say it better
            shot = by_id[tag.shot_id]
            where = f"{tag.text} ({rows[shot.clip_id].path})"
            yield _Said(shot, f"tag: {where}", _stems(tag.text), 0.5 + 0.5 * tag.weight)
    for line in lines:
        for shot in of_clip.get(line.clip_id, ()):
            if line.start < shot.end and shot.start < line.end:
                stems = tuple(s for s in _stems(line.text) if s not in FILLERS)
                yield _Said(shot, f"says {line.text!r}", stems, 0.9, line)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(
        stem(part) for t in tokens(text.replace("_", " ").replace("-", " ")) for part in [t]
    )


def stem(word: str) -> str:
    """A word without its common English endings: plural, possessive, -ing, -ed."""
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        body = word.removesuffix(ending)
        if body != word and len(body) >= 3 and any(c in "aeiouy" for c in body):
            undoubled = body[-1] == body[-2] and body[-1] not in "lsz"
            return body[:-1] if undoubled else body.removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word


def _nearest(word: str, known: dict[str, Counter[str]]) -> str:
    """The word itself where some shot has it, else the most alike one; empty for none."""
    if word in known or len(word) < 4 or any(c.isdigit() for c in word):
        return word if word in known else ""
    from rapidfuzz import fuzz, process

    candidates = sorted(k for k in known if k[:1] == word[:1] and abs(len(k) - len(word)) <= 2)
    best = process.extractOne(
        word, candidates, scorer=fuzz.ratio, score_cutoff=_TYPO if len(word) > 4 else 88
    )
    return str(best[0]) if best else ""


def _by_look(
    project: Project, text: str, rows: dict[str, FootageRow], shots: Sequence[Shot]
) -> list[Hit]:
    """Shots whose pictures answer to the visual words of the text; at most half a word's score."""
    model = _model(project)
    if model != default_embedder().name:
        return _by_meaning(project, text, model, rows, shots)
    words = visual_words(text)
    if not words:
        return []
    stored = vectors_of(project.workspace, project.slug, default_embedder().name)
    fit = {shot: round(float(fits(vectors, words).max()), 6) for shot, vectors in stored.items()}
    scores = sorted((pair for pair in fit.items() if pair[1] >= _LOOK_FLOOR), key=lambda p: p[0])
    return _looks(scores, {s.shot_id: s for s in shots}, rows, f"looks {', '.join(words)}", 0.5)


def _by_meaning(
    project: Project, text: str, model: str, rows: dict[str, FootageRow], shots: Sequence[Shot]
) -> list[Hit]:
    """Shots whose pictures a model with words finds nearest: clearly above the library's usual."""
    query = embedder(model).text(text)
    scores = (
        frame_scores(project.workspace, project.slug, query, model) if query is not None else []
    )
    if not scores:
        return []
    values = [v for _, v in scores]
    floor = sum(values) / len(values) + statistics.pstdev(values)
    clear = [(shot, v) for shot, v in scores if v > floor]
    known = {s.shot_id: s for s in shots}
    return _looks(clear, known, rows, f"looks like {text.strip()!r} to {model}", 0.5)


def _by_image(
    project: Project, image: Path, rows: dict[str, FootageRow], shots: Sequence[Shot]
) -> list[Hit]:
    picture = read_picture(image)
    model = _model(project)
    vector = embedder(model).images([picture])[0]
    like = f"looks like {image.name}"
    if model == default_embedder().name and (said := describe_look(vector)):
        like += f" ({', '.join(said)})"
    scores = frame_scores(project.workspace, project.slug, vector, model)
    return _looks(scores, {s.shot_id: s for s in shots}, rows, like, 1.0)


def _model(project: Project) -> str:
    """The embedder that the project's frames were indexed with, as its manifest says."""
    manifest = project.manifest("frame_index")
    named = manifest.facts.get("model") if manifest else None
    return str(named) if named else default_embedder().name


def _looks(
    scores: Sequence[tuple[str, float]],
    shots: dict[str, Shot],
    rows: dict[str, FootageRow],
    why: str,
    weight: float,
) -> list[Hit]:
    return [
        Hit(
            shot_id, shots[shot_id].clip_id, rows[shots[shot_id].clip_id].path,
            shots[shot_id].start, shots[shot_id].end, round(score * weight, 6), why,
        )
        for shot_id, score in scores
        if shot_id in shots
    ]  # fmt: skip
