"""Where the steps of a run are executed: one deployment setting, the same code."""

import multiprocessing
import os

import dagster as dg

from video_assets.foundation.errors import ProjectError
from video_assets.foundation.lease import owner
from video_assets.foundation.workers import cores

SETTING = "VIDEO_ASSETS_EXECUTOR"
IN_PROCESS, MULTIPROCESS = "in-process", "multiprocess"
AT_ONCE = 2
"""Steps at once under the multiprocess executor; cores are shared between their workers."""


def executor_name() -> str:
    """in-process (the default) or multiprocess; ProjectError where the setting says otherwise."""
    named = os.environ.get(SETTING) or IN_PROCESS
    if named not in (IN_PROCESS, MULTIPROCESS):
        raise ProjectError(f"{SETTING} is {named!r}: use {IN_PROCESS} or {MULTIPROCESS}")
    return named


def executor() -> dg.ExecutorDefinition:
    """The executor of every job.

    A run is a process of its own already, and a process a step costs 17 s for three steps
    (FACTS.md 1.2): more of them pay only where shards take minutes.
    """
    if executor_name() == IN_PROCESS:
        return dg.in_process_executor
    return dg.multiprocess_executor.configured({"max_concurrent": AT_ONCE})


def workers_of_a_shard() -> int:
    """Worker processes that one shard may use: all cores, or its part of them."""
    return max(1, cores() // AT_ONCE) if _is_step() else cores()


def driver() -> str:
    """The process that drives the run whose step this is; see `foundation.lease.owner`."""
    return owner(os.getppid() if _is_step() else None)


def _is_step() -> bool:
    """Whether this process was made for one step: commands run their steps in their own."""
    return executor_name() == MULTIPROCESS and multiprocessing.parent_process() is not None
