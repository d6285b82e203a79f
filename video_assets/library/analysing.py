"""The analysis of many clips: which are due, shard by shard in worker processes, and what is known.

What is kept already is not read again, nor is what failed. Every clip's result is a folder of its
own, so whoever is killed goes on where he was, and whoever gathers does not care who analysed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import Code, FootageError, VideoAssetsError
from video_assets.foundation.lease import is_gone, owner
from video_assets.foundation.progress import track
from video_assets.foundation.records import (
    DeadLetter,
    FootageRow,
    Shot,
    Soundtrack,
    from_plain,
    to_plain,
)
from video_assets.foundation.store import Options, Workspace, kept_facts
from video_assets.foundation.workers import in_workers
from video_assets.library import analysis
from video_assets.library.choice import chosen, due_rows
from video_assets.library.failures import (
    TRIES,
    Attempt,
    Failure,
    attempt_of,
    failure_of,
    forget_failure,
    is_there,
    keep_failure,
    mark_attempt,
    starved,
    unmark,
    went_away,
)
from video_assets.library.letters import is_warned
from video_assets.library.shards import Shard, dealt
from video_assets.library.shots import PLACES, with_setups
from video_assets.library.staging import is_out_of_reach, patience


def planned(workspace: Workspace, rows: Sequence[FootageRow]) -> list[Shard]:
    """What a run has to analyse, dealt out: see `shards.dealt`.

    Clips and sounds that are not known yet, or that the workspace's options ask to analyse again
    (`force`) or to retry. Raises ProjectError where their pattern `clips` matches nothing.
    """
    due = due_rows(rows)
    options = workspace.options
    named = chosen(list(due.values()), options.clips)
    todo, again = [], set()
    for clip_id, row in due.items():
        folder = analysis.folder_of(workspace, row)
        known = kept_facts(folder) is not None
        if known:
            unmark(folder)  # of a run that was killed just when it was done
        asked = options.force if known else _is_asked(failure_of(folder), options)
        if clip_id not in named or (known and not asked):
            continue
        if asked is None or asked:
            todo.append(row)
            again |= {clip_id} if asked else set()
    return dealt(todo, frozenset(again))


def _is_asked(failure: Failure | None, options: Options) -> bool | None:
    """Whether a run asks to try once more what failed before; None where nothing did."""
    if failure is None:
        return None
    return options.force or failure.error.code.family in options.retry


def analyse_shard(
    workspace: Workspace,
    root: Root,
    shard: Shard,
    run: str = "",
    workers: int | None = None,
    label: str = "analysing clips",
    done: Callable[[str], object] = lambda clip_id: None,
) -> int:
    """Analyses the clips of a shard into the store; returns how many of them failed.

    `run`: a name for the run, the same where a lost shard is tried again. `workers`: processes at
    once; None, as many as there are cores. `done` is told each clip_id that is over. A clip that
    crashes or blocks its worker is tried once more, alone, and then set aside; so is one that took
    down this process before, by the marker it left. Raises ProjectError where files went away while
    they were read, and what no clip is to blame for: what was finished is kept.
    """
    rows, failed = [], 0
    for row in shard.rows:
        folder = analysis.folder_of(workspace, row)
        if row.clip_id in shard.again:
            rows.append(row)
        elif kept_facts(folder) is None:
            if failure_of(folder) is None:
                rows.append(row)
            else:
                failed += 1
    rows.sort(key=lambda row: (-row.duration * row.coded_width * row.coded_height, row.path))
    me = Attempt(owner(), run, alone=False, starved=starved())
    with track(label, float(sum((row.duration for row in rows), Fraction(0)))) as progress:
        for row, failure in _Trials(workspace, root, shard.again, me, workers).of(rows):
            failed += failure is not None
            done(row.clip_id)
            progress.advance(float(row.duration), row.path)
    return failed


class _Trials:
    """Clips in worker processes, with a second try, alone, for those that were lost."""

    def __init__(
        self,
        workspace: Workspace,
        root: Root,
        again: frozenset[str],
        me: Attempt,
        workers: int | None,
    ) -> None:
        self._workspace, self._root, self._again = workspace, root, again
        self._me, self._workers = me, workers
        self._tries: dict[str, int] = {}
        self._gone: list[FootageRow] = []

    def of(self, rows: Sequence[FootageRow]) -> Iterator[tuple[FootageRow, Failure | None]]:
        """Each row as it is done, with the failure that is kept where it failed."""
        first, suspects = [], []
        for row in rows:
            before = failure_of(self._folder(row))
            self._tries[row.clip_id] = before.attempts if before is not None else 0
            left = self._interrupted(row)
            if left is None:
                first.append(row)
                continue
            self._tries[row.clip_id] = left.tries
            # what a person asks for again is tried, whatever it did to a run before this one
            asked = row.clip_id in self._again and left.run != self._me.run
            if left.alone and not asked:
                yield row, self._failed(row, _killer())
            else:
                suspects.append(row)
        lost: list[FootageRow] = []
        yield from self._tried(first, lost.append)
        # what was lost is tried alone: others may have taken its memory
        for row in (*suspects, *lost):
            yield from self._tried([row], None)
        if self._gone:
            raise went_away(self._root, self._gone)

    def _tried(
        self, rows: Sequence[FootageRow], lose: Callable[[FootageRow], None] | None
    ) -> Iterator[tuple[FootageRow, Failure | None]]:
        """One try of each. Who is lost goes to `lose`, or is set aside where that is None."""
        tasks = [
            (
                str(self._workspace.root),
                self._root,
                to_plain(row),
                row.clip_id in self._again,
            )
            for row in rows
        ]
        limits = [max(60.0, 20 * float(r.duration)) + patience(self._root, r.size) for r in rows]
        me = replace(self._me, alone=lose is None)
        workers = 1 if lose is None else self._workers
        begun: set[int] = set()

        def begin(at: int) -> None:
            begun.add(at)
            tries = self._tries[rows[at].clip_id] + 1
            mark_attempt(self._folder(rows[at]), replace(me, tries=tries))

        try:
            for at, result in in_workers(analysis.analyse, tasks, limits, workers, begin):
                row = rows[at]
                self._tries[row.clip_id] += 1
                begun.discard(at)
                unmark(self._folder(row))
                if not isinstance(result, VideoAssetsError):
                    forget_failure(self._folder(row))
                    yield row, None
                elif not isinstance(result, FootageError):
                    raise result  # the disk is full, or another thing no clip is to blame for
                elif not is_there(self._root, row):
                    self._gone.append(row)
                    if is_out_of_reach(self._root, result):
                        raise went_away(self._root, self._gone)
                elif result.code.retryable and lose is not None:
                    lose(row)
                else:
                    yield row, self._failed(row, result)
        finally:
            for at in begun:  # interrupted, and alive to say so: no clip is to blame
                unmark(self._folder(rows[at]))

    def _interrupted(self, row: FootageRow) -> Attempt | None:
        """The attempt of a process that was killed with this clip in its hands, by the clip."""
        left = attempt_of(self._folder(row))
        if left is None or left.owner == self._me.owner:
            return None
        # a shard of this run is in one process's hands at a time, wherever that one was
        same_run = bool(left.run) and left.run == self._me.run
        # whoever ends a whole run means no clip, unless it was the machine, for want of memory
        by_memory = is_gone(left.owner) and -1 < left.starved < starved()
        return left if same_run or by_memory else None

    def _failed(self, row: FootageRow, error: FootageError) -> Failure:
        failure = Failure(error, self._tries[row.clip_id])
        keep_failure(self._folder(row), failure)
        unmark(self._folder(row))
        return failure

    def _folder(self, row: FootageRow) -> Path:
        return analysis.folder_of(self._workspace, row)


def _killer() -> FootageError:
    return FootageError(
        f"took its process with it {TRIES} times, at last with nothing beside it",
        Code.WORKER_LOST,
        "give it more memory, or re-export the file; then `video-assets retry`",
    )


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of a project's clips and sounds, in the order of their rows."""

    shots: list[Shot]
    tracks: list[Soundtrack]
    letters: list[DeadLetter]
    """What could not be used, or not to its end."""
    waiting: int
    """Clips and sounds that were not analysed yet."""


def gathered(workspace: Workspace, rows: Sequence[FootageRow]) -> Gathered:
    """What the analysis of these rows found, as far as it was made."""
    letters: list[DeadLetter] = []
    tracks: list[Soundtrack] = []
    looks: list[tuple[Shot, tuple[int, int], np.ndarray]] = []
    waiting = 0
    for row in due_rows(rows).values():
        folder = analysis.folder_of(workspace, row)
        kept = kept_facts(folder)
        if kept is None:
            failure = failure_of(folder)
            if failure is None:
                waiting += 1
            else:
                letters.append(analysis.letter_for(row, failure.error, failure.attempts))
            continue
        found = kept[0]
        if not is_warned(row):  # intake has told of it already
            letters += [
                from_plain(DeadLetter, {**plain, "path": row.path}) for plain in found["letters"]
            ]
        if found["sound"]:
            tracks.append(from_plain(Soundtrack, found["sound"]))
        for plain, look in zip(found["shots"], found["looks"], strict=True):
            of_stills = np.array(look, np.int16).reshape(len(look), PLACES[0] * PLACES[1], 3)
            looks.append((from_plain(Shot, plain), (row.width, row.height), of_stills))
    return Gathered(with_setups(looks), tracks, letters, waiting)


def analyse_clips(
    workspace: Workspace, root: Root, rows: Sequence[FootageRow]
) -> tuple[list[Shot], list[Soundtrack], list[DeadLetter]]:
    """All that is due, in this process and its workers, and then what is known: without Dagster."""
    for shard in planned(workspace, rows):
        analyse_shard(workspace, root, shard)
    found = gathered(workspace, rows)
    return found.shots, found.tracks, found.letters
