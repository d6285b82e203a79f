"""A project on which one command is run again and again, disturbed, and what it must end as."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from video_assets_tests.orchestration.stage import Fault, Running, Stage
from video_assets_tests.orchestration.trees import everything, frames, stuck

Found = tuple[dict[str, str], dict[str, list[dict[str, Any]]]]


@dataclass
class Trial:
    """A data folder with the project `a`."""

    stage: Stage
    data: Path
    footage: Path
    arguments: tuple[str, ...]
    """Of the command, behind the project."""
    fill: Callable[[Path], None] | None = None
    """Puts into a new data folder what is there from the beginning."""
    brief: str = "title: Lake\ndurations: [6]\n"
    _undisturbed: list[tuple[Found, float, int]] = field(default_factory=list)

    def afresh(self) -> None:
        """A new project, of which only the settings and the brief are there."""
        shutil.rmtree(self.data, ignore_errors=True)
        root = self.data / "projects" / "a"
        root.mkdir(parents=True)
        (root / "project.yaml").write_text(f"footage: {self.footage}\n")
        (root / "brief.yaml").write_text(self.brief)
        if self.fill is not None:
            self.fill(self.data)

    def begin(self, fault: Fault | None = None) -> Running:
        """Begins the command."""
        return self.stage.begin("run", "a", *self.arguments, "--data", self.data, fault=fault)

    def run(self, fault: Fault | None = None) -> Running:
        """Runs the command to its end."""
        running = self.begin(fault)
        running.wait()
        return running

    def found(self) -> Found:
        """All that lies there: files by digest, rows of tables."""
        return everything(self.data), frames(self.data)

    def stuck(self) -> list[str]:
        """What is held by nobody who is alive."""
        return stuck(self.data)

    def reference(self) -> Found:
        """What an undisturbed run ends as."""
        return self._alone()[0]

    def seconds(self) -> float:
        """How long an undisturbed run took, on the clock."""
        return self._alone()[1]

    def size(self) -> int:
        """Bytes that lie there after an undisturbed run."""
        return self._alone()[2]

    def faults(self) -> list[str]:
        """How it differs from what an undisturbed run ends as."""
        return differences(self.found(), self.reference()) + self.stuck()

    def _alone(self) -> tuple[Found, float, int]:
        if not self._undisturbed:
            self.afresh()
            began = time.monotonic()
            done = self.run()
            assert done.code == 0, done.said
            seconds = time.monotonic() - began
            self._undisturbed.append((self.found(), seconds, taken(self.data)))
            assert self.stuck() == []
        return self._undisturbed[0]


def taken(data: Path) -> int:
    """Bytes of all that lies below a folder."""
    return sum(p.stat().st_size for p in data.rglob("*") if p.is_file())


def partial(found: Found, reference: Found) -> list[str]:
    """Of what bears a final name, what has not the bytes that it has undisturbed."""
    files, whole = found[0], reference[0]
    return [name for name, digest in files.items() if whole.get(name, digest) != digest]


def differences(found: Found, reference: Found) -> list[str]:
    """What is not as it is undisturbed: less, more, or other."""
    files, whole = found[0], reference[0]
    names = [f"{name} is missing" for name in whole if name not in files]
    names += [f"{name} is left over" for name in files if name not in whole]
    names += [f"{name} differs" for name in partial(found, reference)]
    if found[1] != reference[1]:
        names.append("the rows of the tables differ")
    return names
