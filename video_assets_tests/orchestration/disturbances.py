"""What is done to a trial: kills, a drive that is pulled, a disk that is full, crowds."""

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from video_assets_tests.orchestration.stage import Fault, Running
from video_assets_tests.orchestration.trial import Trial, partial


def points_of(asset: str, file: str) -> Iterator[Fault]:
    """The named points of one asset's way to the disk; `file` is one of its outputs."""
    draft = f"-{asset.replace('/', '-')}-"
    yield Fault("kill", "tempfile.mkdtemp", draft)  # before it is written
    yield Fault("torn", "tempfile.mkdtemp", draft)  # in the middle of it
    yield Fault("kill", "os.rename", f"/{file}")
    yield Fault("kill", "os.rename", f"/{file}", after=True)
    yield Fault("kill", "os.rename", f"/.manifests/{asset}.json")
    yield Fault("kill", "os.rename", f"/.manifests/{asset}.json", after=True)
    yield Fault("kill", stored=asset)  # the row is there, Dagster does not know of it


def points_of_a_clip() -> Iterator[Fault]:
    """The named points of a clip's analysis, in whichever worker comes there first."""
    yield Fault("torn", "tempfile.mkdtemp", "/clips/")
    yield Fault("kill", "os.rename", "/analysis-")
    yield Fault("kill", "os.rename", "/analysis-", after=True)


def points_of_a_segment() -> Iterator[Fault]:
    """The named points of a rendered segment, and of the cutdown that is made of such."""
    for place in ("/segments/", "/artefacts/", "/1x1.mp4"):
        yield Fault("kill", "os.rename", place)
        yield Fault("kill", "os.rename", place, after=True)


def killed_and_compared(
    trial: Trial, ends: Iterable[Fault | float], spell: int = 10**9
) -> tuple[int, int]:
    """Kills one run after another, at these places or after so many seconds, and lets one end.

    That is compared with an undisturbed run, after every `spell` kills, and another project begins.
    Returns how many were killed, and how often was compared.
    """
    reference = trial.reference()
    kills = compared = 0

    def ends_well(when: str) -> None:
        done = trial.run()
        assert done.code == 0, f"{when}: {done.said}"
        faults = trial.faults()
        assert faults == [], f"{when}: {faults}"

    trial.afresh()
    for number, end in enumerate(ends):
        when = f"kill {number}, {end}"
        running = trial.begin(end if isinstance(end, Fault) else None)
        if not isinstance(end, Fault):
            time.sleep(end)
            running.kill()
        code = running.wait()
        if code == 0 and isinstance(end, Fault):
            trial.afresh()  # the kill before came when this place was done already
            running = trial.begin(end)
            code = running.wait()
        assert code < 0 or (code == 0 and not isinstance(end, Fault)), f"{when}: {running.said}"
        assert partial(trial.found(), reference) == [], when
        kills += code < 0
        if code == 0 or kills % spell == 0:  # it was faster, or it is time
            ends_well(when)
            compared += 1
            trial.afresh()
    ends_well("after all")
    return kills, compared + 1


def crowds_end_as_one(trial: Trial, crowds: Sequence[int]) -> None:
    """So many commands begin at once on a new project, for each crowd: all are done, none waits in
    vain, and it is as if there had been one."""
    trial.reference()
    for number, crowd in enumerate(crowds):
        trial.afresh()
        for one in [trial.begin() for _ in range(crowd)]:
            assert one.wait() == 0 and "Traceback" not in one.said, f"crowd {number}: {one.said}"
        faults = trial.faults()
        assert faults == [], f"crowd {number}: {faults}"


class Drive:
    """A footage folder that can be pulled: what is left is an empty mount point."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aside = folder.with_name(folder.name + ".unplugged")

    def pulled(self, event: str, path: str, nth: int = 1) -> Fault:
        """The drive goes when a process of the command comes to this place."""
        once = self.folder.with_name("pulled")
        once.unlink(missing_ok=True)
        return Fault("unplug", event, path, nth=nth, away=str(self.folder), once=str(once))

    def pull(self) -> None:
        """The drive goes."""
        self.folder.rename(self.aside)
        self.folder.mkdir()

    def plug(self, anew: bool = False) -> None:
        """The drive is back; `anew`: on a share, where files have other inodes each time."""
        self.folder.rmdir()
        if anew:
            shutil.copytree(self.aside, self.folder)
            shutil.rmtree(self.aside)
        else:
            self.aside.rename(self.folder)


def told_in_one_line(done: Running, *words: str) -> bool:
    """Whether a command failed and said once, to people, why: with one of these words."""
    lines = [line for line in done.said.splitlines() if line.startswith("video-assets:")]
    one = len(lines) == 1 and any(word in lines[0] for word in words)
    return done.code == 1 and one and "Traceback" not in done.said


AWAY = ("OFFLINE", "went away", "mount")


class Disk:
    """A small disk of its own, of which as much is free as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def leave(self, free: int) -> None:
        """Fills it up to so many bytes."""
        self.free()
        there = os.statvfs(self.folder)
        with open(self._ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, there.f_bavail * there.f_frsize - max(0, free))

    def free(self) -> None:
        """Makes room again."""
        self._ballast.unlink(missing_ok=True)
