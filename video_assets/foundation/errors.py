"""
Everything that can go wrong and that a person can act on.

VideoAssetsError          its text is shown as is: what was found, what was expected, what to do
├── ProjectError          a project cannot be named, found or used
├── BriefError            what a person wrote (brief, settings) does not hold together
├── FootageError          a source file cannot be used; carries a code of the taxonomy below
├── RenderError           ffmpeg refused or what it made is not right; carries its last lines
├── StorageError          the disk is full, or a folder cannot be written
├── ModelUnavailable      an engine's weights or packages are not here
└── LeaseError            somebody else works on the project, or has taken it over

The numeric codes are stable: 1xxx TRANSIENT, 2xxx MALFORMED, 3xxx UNSUPPORTED, 4xxx LIMIT,
5xxx SECURITY, 6xxx CONFIG, 8xxx warnings, 9xxx INTERNAL.
"""

import enum
from typing import Any


class Code(enum.IntEnum):
    """Why a file was set aside, as dead-letter rows carry it."""

    STORE_TIMEOUT = 1001
    THROTTLED = 1002
    WORKER_LOST = 1003
    HANG_TIMEOUT = 1004
    LOCKED = 1005
    DOWNLOAD_SHORT = 1006
    ZERO_BYTE = 2001
    TRUNCATED = 2002
    CHECKSUM = 2003
    DECODE = 2004
    NO_STREAMS = 2005
    BAD_TIMESTAMPS = 2006
    SCHEMA = 2007
    CONTAINER = 3001
    CODEC = 3002
    ENCRYPTED = 3003
    PIXEL_FORMAT = 3004
    LANGUAGE = 3005
    PIXELS = 4001
    STREAMS = 4002
    DURATION = 4003
    MEMORY = 4004
    LIMIT_DISK = 4005
    SECURITY_FORMAT = 5001
    PATH = 5002
    REFERENCE = 5003
    CREDENTIAL = 6002
    EXCEPTION = 9001

    @property
    def family(self) -> str:
        """The class of the taxonomy: TRANSIENT, MALFORMED, UNSUPPORTED, LIMIT, ..."""
        return _FAMILIES[self // 1000]

    @property
    def retryable(self) -> bool:
        """Whether trying the very same bytes again can help."""
        return self // 1000 == 1


_FAMILIES = {
    1: "TRANSIENT",
    2: "MALFORMED",
    3: "UNSUPPORTED",
    4: "LIMIT",
    5: "SECURITY",
    6: "CONFIG",
    9: "INTERNAL",
}


RETRIED = ("TRANSIENT", "UNSUPPORTED", "LIMIT", "INTERNAL")
"""Classes in which another try may help: at once, with other tools, or when a limit was raised.
What is MALFORMED needs a new copy, and SECURITY is never tried again."""


class VideoAssetsError(Exception):
    """Something a person can act on; its text is shown as is."""


class ProjectError(VideoAssetsError):
    """A project cannot be named, found or used."""


class BriefError(VideoAssetsError):
    """What a person wrote does not hold together."""


class FootageError(VideoAssetsError):
    """A source file cannot be used."""

    def __init__(self, what: str, code: Code, do: str = "", stderr_tail: str = "") -> None:
        super().__init__(what)
        self.what, self.code, self.do, self.stderr_tail = what, code, do, stderr_tail

    def __reduce__(self) -> tuple[Any, ...]:  # worker processes send it home
        return FootageError, (self.what, self.code, self.do, self.stderr_tail)


class RenderError(VideoAssetsError):
    """ffmpeg refused, or what it made is not what was asked for."""


class StorageError(VideoAssetsError):
    """The disk is full, or a folder cannot be written."""


class ModelUnavailable(VideoAssetsError):
    """An engine's weights or packages are not here."""


class LeaseError(VideoAssetsError):
    """Somebody else holds the project (code 1005 LOCKED), or took it over meanwhile."""
