"""What assets are given: the data folder, and what one run is asked for."""

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
from pydantic import Field, PrivateAttr, create_model

from video_assets.foundation.buckets import Access, checked_endpoint
from video_assets.foundation.errors import RETRIED, ProjectError
from video_assets.foundation.store import Options, Project, Workspace
from video_assets.orchestration.eventlog import at_hand
from video_assets.orchestration.executors import driver
from video_assets.orchestration.steps import ASPECTS

OWNER = "video_assets/owner"
"""Tag of every run: the process it lives in. A run whose process is gone is over."""
TIERS = ("draft", "delivery")


def data_folder(named: str | None = None) -> Path:
    """The data folder: as named, else VIDEO_ASSETS_DATA, else `data` in the current folder."""
    return Path(named or os.environ.get("VIDEO_ASSETS_DATA") or "data").expanduser().absolute()


class Library(dg.ConfigurableResource):
    """The data folder with all projects, and the settings of one run (the launchpad's `config`)."""

    data: str = Field(
        default="",
        description="Data folder; empty means VIDEO_ASSETS_DATA, else `data` where Dagster runs.",
    )
    tier: str = Field(
        default="",
        description="draft or delivery: written into the project's brief, so it holds from now on; "
        "empty leaves the brief as it is.",
    )
    aspects: list[str] = Field(
        default=[],
        description="Cutdowns in these aspect ratios only, such as [9x16, 1x1]; empty means what "
        "the brief asks for.",
    )
    clips: str = Field(
        default="",
        description="Analyse only clips whose path matches this pattern, such as `cam_a/*`; the "
        "others wait for the next run, and ideas wait with them. Empty means all.",
    )
    force: bool = Field(
        default=False,
        description="Make again even what is current; with `clips`, these clips are analysed "
        "again. Frozen cutdowns stay as they are.",
    )
    retry: list[str] = Field(
        default=[],
        description="Classes of dead letters, such as [TRANSIENT, LIMIT]: files that were set "
        "aside for one are tried once more. Empty means that they stay aside.",
    )
    settle_s: float = Field(
        default=0.0,
        description="Seconds a file must have been still before it is read; younger ones wait.",
    )
    access: ClassVar[Any] = staticmethod(lambda: None)
    """Gives the Access to S3 stores: the deployment's, where `placed` was given its resource."""
    _workspace: Workspace | None = PrivateAttr(default=None)
    _told: set[str] = PrivateAttr(default_factory=set)
    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Writes down which process a run lives in: where that is killed, nobody else says so."""
        run, instance = context.run, context.instance
        if run is not None and instance is not None and run.tags.get(OWNER) != (me := driver()):
            # a run that is tried again inherits the tag of the one before
            instance.add_run_tags(run.run_id, {OWNER: me})
        if run is not None and instance is not None:
            self._held = at_hand(instance, run.run_id)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The run is over."""
        self._held.close()

    @property
    def options(self) -> Options:
        """The settings of this run; ProjectError where one of them means nothing."""
        aspects = tuple(a.strip().replace(":", "x") for a in self.aspects)
        for aspect in aspects:
            if aspect not in ASPECTS:
                raise ProjectError(f"{aspect!r} is no aspect ratio; there are {', '.join(ASPECTS)}")
        if self.tier and self.tier not in TIERS:
            raise ProjectError(f"{self.tier!r} is no tier; there are {' and '.join(TIERS)}")
        families = [name.strip().upper() for name in self.retry]
        for family in families:
            if family not in RETRIED:
                raise ProjectError(f"{family!r} cannot be retried; {', '.join(RETRIED)} can")
        if not 0 <= self.settle_s <= 3600:
            raise ProjectError(f"settle_s is {self.settle_s}: give 0 to 3600 seconds")
        return Options(
            settle_s=self.settle_s,
            force=self.force,
            clips=self.clips.strip(),
            aspects=aspects,
            retry=frozenset(families),
        )

    @property
    def workspace(self) -> Workspace:
        """The store below the data folder; one object a run, which knows what it made again."""
        if self._workspace is None:
            self._workspace = Workspace(data_folder(self.data), self.options, self.access())
        return self._workspace

    def project(self, slug: str) -> Project:
        """An existing project; its brief says the tier that this run was asked for."""
        project = self.workspace.project(slug)
        if self.tier and slug not in self._told:
            from video_assets.orchestration.assets.editorial import brief_of, set_tier

            with project.leased(), project.guarded():
                if brief_of(project).tier != self.tier:
                    set_tier(project, self.tier)
            self._told.add(slug)
        return project


def access_of(s3: Any) -> Access | None:
    """What a dagster-aws S3Resource says of its store and of who we are; None for none.

    Its client cannot be sent to worker processes, and waits a minute for a store that is silent:
    each process makes its own from this.
    """
    if s3 is None:
        return None
    own = s3.process_config_and_initialize()  # environment variables become their values
    return Access(
        endpoint_url=checked_endpoint(own.endpoint_url or ""),
        region=own.region_name or "",
        profile=own.profile_name or "",
        verify=own.verify is not False,
        use_ssl=own.use_ssl,
        unsigned=own.use_unsigned_session,
        key_id=own.aws_access_key_id or "",
        secret=own.aws_secret_access_key or "",
        token=own.aws_session_token or "",
    )


def placed(library: Library, s3: Any = None) -> Library:
    """The same resource, whose values are the defaults of what a run may set.

    `s3`: a dagster-aws S3Resource for footage in buckets. Dagster forgets all values of a
    configured resource as soon as a run sets one of them: a run with a setting would look for its
    projects in another data folder.
    """
    fields = Library.model_fields
    own = {n: getattr(library, n) for n in fields if getattr(library, n) != fields[n].default}
    if not own and s3 is None:
        return library
    defaults: dict[str, Any] = {
        n: (fields[n].annotation, Field(default=value, description=fields[n].description))
        for n, value in own.items()
    }
    kind: type[Library] = create_model("Library", __base__=Library, **defaults)
    kind.access = staticmethod(partial(access_of, s3))
    return kind()
