"""Where cutdowns go: what every channel can do, and which ones a project names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from video_assets.delivery.platforms import platforms
from video_assets.finishing import formats
from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import BriefError, VideoAssetsError
from video_assets.foundation.store import SLUG

ANYWHERE = "folder"
"""The platform of a hand-over folder: no row of platforms.yaml, so every cutdown may go there."""
DEFAULT_FOLDER = "delivery/published"
INPUT_FOLDERS = ("brand", "music", "references")
"""What people put in beside the footage; nothing is ever written there."""


class Refused(VideoAssetsError):
    """The channel will not have this post; sending it again cannot help."""


class Transient(VideoAssetsError):
    """The post did certainly not arrive, and sending it again may help."""

    def __init__(self, what: str, after_s: float = 0.0) -> None:
        super().__init__(what)
        self.after_s = after_s
        """Seconds that the channel asked to wait; 0 where it said nothing."""


class Ambiguous(VideoAssetsError):
    """The post may have arrived: it must be looked for before it is sent again."""


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent: one cutdown with everything that goes beside it."""

    key: str
    """Idempotency key, 64 hex digits; the channel keeps it with the post."""
    project: str
    round: str
    cut_id: str
    aspect: str
    file: Path
    sha256: str
    """What the file's bytes were when they were judged."""
    captions: tuple[Path, ...] = ()
    poster: Path | None = None
    text: str = ""
    """Upload text with its hashtags, as people will read it."""
    traits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the channel says of a post that it has."""

    remote_id: str
    """The channel's own name of the post, by which numbers come back."""
    state: str = "live"
    """accepted, processing or live."""


class Channel(Protocol):
    """One account on one platform, or a folder that stands for it."""

    name: str
    """As in project.yaml."""
    platform: str
    """A row of platforms.yaml, or `folder`."""
    account: str
    aspects: tuple[str, ...]
    """The only ratios that go here, such as `9x16`; empty for all."""
    lag_s: float
    """How long a post that arrived may be missing from `find`, seconds."""

    def send(self, post: Post) -> Sent:
        """Sends a post; a key that is there already is the same post.

        Raises Refused, Transient or Ambiguous; anything else counts as Ambiguous.
        """
        ...

    def find(self, key: str) -> Sent | None:
        """The post with this key among our own ones.

        Raises Transient where it cannot look, Refused where the platform had it and threw it out.
        A channel behind a network asks at most 30 times a minute.
        """
        ...


def channels_of(
    settings: Mapping[str, Any], project_root: Path, footage_root: Root
) -> list[Channel]:
    """The channels that project.yaml names, in its order; one folder where it names none.

        channels:
          drop: {kind: folder, to: /media/handover, platform: ig_reels, account: wickfield,
                 aspects: [9x16, 4x5]}

    A relative `to` counts from the project folder. BriefError names the key and what is allowed.
    """
    found = settings.get("channels")
    if found is None:
        found = {"folder": {"kind": "folder", "to": DEFAULT_FOLDER}}
    where = f"{project_root / 'project.yaml'}: channels"
    if not isinstance(found, Mapping):
        raise BriefError(
            f"{where} must hold a name for each channel, such as "
            f"`drop: {{kind: folder, to: {DEFAULT_FOLDER}}}`"
        )
    return [
        _channel(f"{where}: {name}", name, own, project_root, footage_root)
        for name, own in found.items()
    ]


_KEYS = ("kind", "to", "platform", "account", "aspects")


def _channel(where: str, name: Any, own: Any, project_root: Path, footage_root: Root) -> Channel:
    from video_assets.delivery.channels.folder import FolderChannel

    if not isinstance(name, str) or not SLUG.fullmatch(name):
        raise BriefError(f"{where}: a channel's name is 1 to 63 of a-z, 0-9, '-' and '_'")
    if not isinstance(own, Mapping):
        raise BriefError(f"{where} must hold keys and values: {', '.join(_KEYS)}")
    for key in own:
        if key not in _KEYS:
            raise BriefError(f"{where}: {key!r} is not known (known: {', '.join(_KEYS)})")
    if own.get("kind") != "folder":
        raise BriefError(f"{where}: kind is {own.get('kind')!r}; only `folder` is known")
    platform = own.get("platform", ANYWHERE)
    allowed = [ANYWHERE, *sorted(platforms())]
    if platform not in allowed:
        raise BriefError(f"{where}: platform {platform!r} is not one of {', '.join(allowed)}")
    account = own.get("account", "")
    if not isinstance(account, str | int) or isinstance(account, bool):
        raise BriefError(f"{where}: account must be a text")
    return FolderChannel(
        name,
        _folder(where, own.get("to"), project_root, footage_root),
        platform,
        str(account),
        _aspects(where, own.get("aspects")),
    )


def _folder(where: str, named: Any, project_root: Path, footage_root: Root) -> Path:
    if not isinstance(named, str) or not named.strip() or "://" in named or "\0" in named:
        raise BriefError(f"{where}: `to` is {named!r}; it must name a folder")
    folder = (project_root / Path(named).expanduser()).absolute()
    inputs = [project_root / name for name in INPUT_FOLDERS]
    for kept in [footage_root, *inputs] if isinstance(footage_root, Path) else inputs:
        if folder.resolve().is_relative_to(kept.resolve()):
            raise BriefError(
                f"{where}: `to` lies inside {kept}, which is never written to; name another folder"
            )
    return folder


def _aspects(where: str, named: Any) -> tuple[str, ...]:
    if named is None:
        return ()
    found = [str(a).replace(":", "x") for a in named] if isinstance(named, list) else [str(named)]
    for aspect in found:
        if aspect not in formats.ASPECTS:
            raise BriefError(
                f"{where}: aspects: {aspect!r} is not one of {', '.join(formats.ASPECTS)}"
            )
    if not found:
        raise BriefError(f"{where}: aspects is empty; leave it out to send every ratio")
    return tuple(found)
