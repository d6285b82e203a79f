"""What assets are given: the data folder."""

import os
from pathlib import Path

import dagster as dg

from video_assets.foundation.store import Project, Workspace


def data_folder(named: str | None = None) -> Path:
    """The data folder: as named, else VIDEO_ASSETS_DATA, else `data` in the current folder."""
    return Path(named or os.environ.get("VIDEO_ASSETS_DATA") or "data").expanduser().absolute()


class Library(dg.ConfigurableResource):
    """The data folder with all projects."""

    data: str = ""
    """Path; empty means VIDEO_ASSETS_DATA, else `data` in the current folder."""

    @property
    def workspace(self) -> Workspace:
        """The store below the data folder."""
        return Workspace(data_folder(self.data))

    def project(self, slug: str) -> Project:
        """An existing project."""
        return self.workspace.project(slug)
