"""The selects: for every beat the best take, and pictures that fit it, each with its reasons."""

from collections.abc import Sequence

from video_assets.editorial.brief import Brief
from video_assets.editorial.edits import Ban, unbanned_lines, unbanned_shots
from video_assets.editorial.lines import Spoken, usable_lines
from video_assets.editorial.material import Material, material
from video_assets.editorial.pictures import Match, Picture, stems, usable_pictures
from video_assets.foundation.records import (
    FootageRow,
    Idea,
    Line,
    Shot,
    Soundtrack,
    Tag,
    Take,
    Word,
)

EACH = 8
"""Pictures kept for each beat."""
ALL = 80
"""Pictures kept for a cut in which nobody speaks."""
FIT = 0.6
"""Weight of answering to the words, against the picture's own quality."""


def select_takes(
    idea: Idea,
    brief: Brief,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    lines: Sequence[Line],
    soundtracks: Sequence[Soundtrack],
    tags: Sequence[Tag],
    bans: Sequence[Ban] = (),
) -> list[Take]:
    """Story takes in the order of the beats, then pictures by beat, best first.

    What is banned is not used: another take of the line instead, else the best other line that is
    no longer, else pictures.
    """
    free = unbanned_lines(bans, lines, rows)
    have = material(brief, rows, shots, words, free, tags, soundtracks)
    showable = unbanned_shots(bans, shots, rows)
    pictures = list(have.pictures)
    if bans:
        speakers = {s.shot_id for s in shots} - {p.shot.shot_id for p in pictures}
        pictures = usable_pictures(rows, showable, tags, have.fps, without=speakers)
    story: list[Take] = []
    if idea.recipe == "testimonial":
        every = usable_lines(brief, rows, shots, words, free, soundtracks, have.fps)
        for number, group in _spoken(idea, have).items():
            story.append(_story(idea, number, group, len(story), have, every))
    if idea.recipe == "montage" or not pictures:
        pictures = usable_pictures(rows, showable, tags, have.fps, without=set())
    return [*story, *_pictures(idea, brief, pictures)]


def _spoken(idea: Idea, have: Material) -> dict[int, str]:
    """Retake group by beat: the beat's own, another where that is banned; never too long in all."""
    said = {b.line_group for b in idea.beats}
    chosen: dict[int, str] = {}
    for number, beat in enumerate(idea.beats):
        group = beat.line_group
        if group and group not in have.spoken:
            group = _instead(idea, number, have, said)
            said.add(group)
        if group:
            chosen[number] = group
    # another take of a line may be longer than the one that was counted on
    while sum(have.spoken[g].frames for g in chosen.values()) > idea.duration * have.fps:
        del chosen[min(chosen, key=lambda n: (have.spoken[chosen[n]].score, n))]
    return chosen


def _instead(idea: Idea, beat: int, have: Material, said: set[str]) -> str:
    """The best line for a beat whose own is banned: unsaid in this cut and no longer; may be ""."""
    room = idea.beats[beat].seconds * have.fps
    fits = [g for g, s in have.spoken.items() if g not in said and s.frames <= room]
    return max(fits, key=lambda g: (have.spoken[g].score, g), default="")


def _story(
    idea: Idea, beat: int, group: str, position: int, have: Material, every: Sequence[Spoken]
) -> Take:
    best = have.spoken[group]
    others = sorted(
        (s for s in every if s.line.group == group and s.line.line_id != best.line.line_id),
        key=lambda s: (-s.score, s.line.line_id),
    )
    strong = sorted(best.terms, key=lambda k: -best.terms[k])[:2]
    why = f"says {best.line.text!r}; take {best.line.take}"
    why += f", best of {len(others) + 1}" if others else ", the only complete one"
    if group != idea.beats[beat].line_group:
        why += f", instead of {idea.beats[beat].text!r}, which is banned"
    why += f": {strong[0]} {best.terms[strong[0]]:.2f}, {strong[1]} {best.terms[strong[1]]:.2f}"
    return Take(
        f"{idea.cut_id}-s{position:02d}",
        idea.cut_id,
        "story",
        position,
        beat,
        best.line.clip_id,
        best.shot.shot_id,
        best.line.line_id,
        best.start,
        best.end(have.fps),
        best.score,
        dict(best.terms),
        why,
        tuple(s.line.line_id for s in others),
    )


def _pictures(idea: Idea, brief: Brief, pictures: Sequence[Picture]) -> list[Take]:
    match = Match(pictures)
    takes: list[Take] = []
    speaks = any(b.line_group for b in idea.beats)
    beats = list(enumerate(idea.beats)) if speaks else [(-1, None)]
    for number, beat in beats:
        if beat is not None:
            wanted = stems(f"{beat.query} {beat.text}")
            if beat.kind == "cta":  # the end card shows the thing itself
                wanted |= stems(brief.title)
        else:
            wanted = stems(" ".join((brief.title, *brief.key_messages)))
        ranked = []
        for picture in pictures:
            fit, both = match(picture, wanted)
            ranked.append(((1 - FIT) * picture.score + FIT * fit, fit, both, picture))
        ranked.sort(key=lambda r: (-r[0], r[3].row.path, r[3].shot.number))
        kept = ranked[: EACH if speaks else ALL]
        for place, (score, fit, both, picture) in enumerate(kept):
            why = f"shows {', '.join(both)}" if both else "shows the place and the mood"
            why += f"; {_good(picture)}"
            takes.append(
                Take(
                    f"{idea.cut_id}-b{len(takes):03d}",
                    idea.cut_id,
                    "card" if beat is not None and beat.kind == "cta" else "broll",
                    place,
                    number,
                    picture.shot.clip_id,
                    picture.shot.shot_id,
                    "",
                    picture.start,
                    picture.end,
                    round(score, 4),
                    {**picture.terms, "fit": round(fit, 4)},
                    why,
                    tuple(r[3].shot.shot_id for r in kept[place + 1 : place + 4]),
                )
            )
    return takes


def _good(picture: Picture) -> str:
    """The two best terms, for people."""
    order = sorted(picture.terms, key=lambda k: (-picture.terms[k], k))[:2]
    return ", ".join(f"{k} {picture.terms[k]:.2f}" for k in order)
