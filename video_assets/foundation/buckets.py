"""Footage in an S3 store: what stands in the place of a footage folder's path.

A `Bucket` says where the objects are, how the store is reached and where their bytes may lie for a
while. It holds no connection, so it can be sent to worker processes; nothing here imports boto3.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from video_assets.foundation.errors import ProjectError

SCHEME = "s3://"
CACHE_GB = 50.0
"""Decimal gigabytes of footage that lie on disk at most, where nobody says otherwise."""
SETTINGS = ("endpoint_url", "region", "profile", "cache_gb", "timeout_s")
"""Keys of `s3` in project.yaml."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""Control characters that no name of a file should hold."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a store is reached; whatever is empty is found as boto3 does: environment, profile."""

    endpoint_url: str = ""
    """Address of a store that is not Amazon's."""
    region: str = ""
    profile: str = ""
    verify: bool = True
    """Whether the store's certificate must be right."""
    use_ssl: bool = True
    unsigned: bool = False
    """Whether requests go without a credential, to a public bucket."""
    key_id: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    timeout_s: float = 30.0
    """Seconds without a byte after which a connection counts as lost."""
    base_s: float = 2.0
    """Seconds of the first pause before another attempt; doubles each time, with full jitter."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Everything below `s3://name/prefix`."""

    name: str
    prefix: str
    """Empty, or ends with a slash: `spring` is no part of `spring-2`."""
    access: Access
    cache: Path
    """Folder that may hold the bytes for a while."""
    cap: int
    """Bytes that the folder holds at most."""

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}/{self.prefix}".rstrip("/")

    def key(self, path: str) -> str:
        """The object of a path as the footage table has it."""
        return self.prefix + path

    def uri(self, path: str) -> str:
        """The address of an object, as timelines name it."""
        return f"{SCHEME}{self.name}/{quote(self.key(path))}"


Root = Path | Bucket
"""Where a project's footage lies."""


def is_address(named: object) -> bool:
    """Whether a setting names a bucket, no folder."""
    return str(named).lower().startswith(SCHEME)


def uri_of(root: Root, path: str) -> str:
    """The absolute address of a file of the footage, for timelines."""
    return root.uri(path) if isinstance(root, Bucket) else (root / path).absolute().as_uri()


def shown(root: Root, path: str) -> str:
    """A file of the footage as a person would name it."""
    return f"{root}/{path}" if isinstance(root, Bucket) else str(root / path)


def parted(address: str) -> tuple[str, str]:
    """(bucket, prefix) of `s3://bucket/prefix`; the prefix is empty or ends with a slash.

    Raises ProjectError; an address that may hold a credential is not repeated.
    """
    name, _, prefix = address[len(SCHEME) :].partition("/")
    if "@" in name or ":" in name:
        raise ProjectError(
            "the s3:// address of the footage holds more than a bucket's name: credentials belong "
            "into the environment or a profile, a store's address into `s3: {endpoint_url: ...}`"
        )
    if not _NAME.fullmatch(name):
        raise ProjectError(f"{address}: {name!r} is no bucket's name; use s3://bucket/prefix")
    parts = prefix.rstrip("/").split("/") if prefix.strip("/") else []
    if any(part in ("", ".", "..") for part in parts) or UNSAFE.search(prefix):
        raise ProjectError(f"{address!r}: a prefix has no empty part, no '.' and no '..'")
    return name, "".join(f"{part}/" for part in parts)


def bucket_of(
    address: str, settings: Mapping[str, Any], cache: Path, access: Access | None = None
) -> Bucket:
    """The footage at `s3://bucket/prefix`.

    `settings`: what project.yaml says under `s3`; then `access` counts (Dagster's resource), then
    VIDEO_ASSETS_S3_ENDPOINT and VIDEO_ASSETS_S3_CACHE_GB. Raises ProjectError where one is wrong.
    """
    name, prefix = parted(address)
    for key in settings:
        if key not in SETTINGS:
            raise ProjectError(
                f"project.yaml: s3: {key}: unknown key; known: {', '.join(SETTINGS)}"
            )
    found = access or Access()
    named: dict[str, Any] = {
        "endpoint_url": _said(settings, "endpoint_url")
        or found.endpoint_url
        or os.environ.get("VIDEO_ASSETS_S3_ENDPOINT", ""),
        "region": _said(settings, "region") or found.region,
        "profile": _said(settings, "profile") or found.profile,
        "timeout_s": _number("timeout_s", settings.get("timeout_s", found.timeout_s), 600),
    }
    checked_endpoint(named["endpoint_url"])
    size = settings.get("cache_gb") or os.environ.get("VIDEO_ASSETS_S3_CACHE_GB") or CACHE_GB
    cap = round(_number("cache_gb", size, 1_000_000) * 1e9)
    return Bucket(name, prefix, replace(found, **named), cache, cap)


def checked_endpoint(url: str) -> str:
    """The address of a store, or ProjectError; one with a password in it is not repeated."""
    if not url:
        return url
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ProjectError(
            "the address of the S3 store holds a user or password: it would be written into logs; "
            "credentials belong into the environment or a profile"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProjectError(f"{url!r} is no address of an S3 store; give http(s)://host:port")
    return url


def _said(settings: Mapping[str, Any], key: str) -> str:
    found = settings.get(key)
    if found is not None and not isinstance(found, str):
        raise ProjectError(f"project.yaml: s3: {key}: a text is expected")
    return found or ""


def _number(key: str, found: Any, most: float) -> float:
    try:
        number = float(found)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number <= most:
        raise ProjectError(f"s3: {key}: {found!r} is no number above 0 and up to {most:g}")
    return number
