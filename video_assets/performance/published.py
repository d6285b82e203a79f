"""Which publication a reported post is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from video_assets.delivery.channels import ANYWHERE
from video_assets.foundation.records import Publication
from video_assets.foundation.store import Project

OUTBOX = "delivery/outbox.sqlite"

_BY_CUT = ("live", "withdrawn", "processing", "accepted")
"""States in which a cut's numbers may be a publication's, the likeliest first."""


class Post(NamedTuple):
    """How a report names a post."""

    platform: str
    post_id: str
    """Empty where cut_id and aspect name it."""
    cut_id: str = ""
    aspect: str = ""

    def __str__(self) -> str:
        return f"{self.platform} post {self.post_id or f'{self.cut_id} {self.aspect}'}"


def publications_of(project: Project) -> list[Publication]:
    """The publications of a project that people may have seen; [] where nothing was published.

    Raises StorageError where the outbox is damaged.
    """
    from video_assets.delivery.outbox import published_table

    return published_table([project.path(OUTBOX)])


class Posts:
    """Finds the publication of a post."""

    def __init__(self, publications: Iterable[Publication]) -> None:
        self._by_id: dict[tuple[str, str], Publication] = {}
        self._by_cut: dict[tuple[str, str], list[Publication]] = {}
        for one in sorted(publications, key=lambda p: (p.created, p.key)):
            if one.remote_id:
                self._by_id[one.platform.lower(), one.remote_id] = one
            if one.state in _BY_CUT:
                self._by_cut.setdefault((one.cut_id, one.aspect), []).append(one)

    def find(self, post: Post) -> Publication | None:
        """By the platform's id; else by cut and aspect: the live one on this platform, or the one
        that was handed over in a folder, for a person to bring anywhere."""
        found = self._by_id.get((post.platform, post.post_id)) if post.post_id else None
        if found or not post.cut_id:
            return found

        def likeliest(one: Publication) -> tuple[int, bool, float, str]:
            elsewhere = one.platform.lower() != post.platform
            return _BY_CUT.index(one.state), elsewhere, -one.created, one.key

        here = (post.platform, ANYWHERE)
        known = self._by_cut.get((post.cut_id, post.aspect), ())
        return min((p for p in known if p.platform.lower() in here), key=likeliest, default=None)

    def among(self, posts: Sequence[Post]) -> list[Post]:
        """The posts that are known here, in the given order."""
        return [post for post in posts if self.find(post)]
