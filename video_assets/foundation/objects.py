"""Questions to an S3 store, asked again where that can help; an error says why there is no answer.

An attempt that failed for something that passes (rule 7: TRANSIENT) is made again, four in all,
after 2, 4, 8 s times a random number from 0 to 1, and never before the store's own Retry-After.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from video_assets.foundation.buckets import Access, Bucket
from video_assets.foundation.errors import Code, FootageError, VideoAssetsError

ATTEMPTS = 4
LONGEST_PAUSE = 300.0
"""Seconds; neither a pause nor a Retry-After is longer."""
CONNECT_S = 10.0
"""Seconds until a connection stands."""
_THROTTLED = {
    "SlowDown",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
}
_REFUSED = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "AccessDenied",
    "AllAccessDisabled",
    "AccountProblem",
}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing has it."""

    key: str
    size: int
    """Bytes."""
    modified: datetime
    etag: str


_CLIENTS: dict[Access, Any] = {}
_MAKING = threading.Lock()


def client(access: Access) -> Any:
    """The boto3 client of this process for a store; made once.

    boto3 itself attempts everything once only: how often, and after what pause, is ours to say.
    Raises FootageError (CREDENTIAL) where the named profile is not there.
    """
    with _MAKING:
        if access not in _CLIENTS:
            _CLIENTS[access] = _client(access)
        return _CLIENTS[access]


def _client(access: Access) -> Any:
    import os

    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    endpoint = (
        access.endpoint_url
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
    )
    amazon = endpoint is None or "amazonaws." in endpoint
    config = Config(
        connect_timeout=min(CONNECT_S, access.timeout_s),
        read_timeout=access.timeout_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=32,
        tcp_keepalive=True,
        # other stores seldom have a host name for every bucket
        s3={"addressing_style": "auto" if amazon else "path"},
        # a part of an object has no checksum of its own: what came is verified when it is whole
        response_checksum_validation="when_required",
        **({"signature_version": UNSIGNED} if access.unsigned else {}),
    )
    try:
        session = boto3.session.Session(
            profile_name=access.profile or None,
            aws_access_key_id=access.key_id or None,
            aws_secret_access_key=access.secret or None,
            aws_session_token=access.token or None,
            region_name=access.region or None,
        )
        return session.client(
            "s3",
            endpoint_url=access.endpoint_url or None,
            use_ssl=access.use_ssl,
            verify=None if access.verify else False,
            config=config,
        )
    except Exception as error:
        raise judged(error, "the S3 store")[0] from error


def judged(error: BaseException, what: str) -> tuple[FootageError, float]:
    """(What to say of an error of boto3, seconds that the store asks to wait). `what`: about what.

    Nothing of a request is repeated in it: neither headers nor signatures.
    """
    from botocore import exceptions as known
    from botocore.parsers import ResponseParserError

    def told(why: str, code: Code, do: str) -> tuple[FootageError, float]:
        return FootageError(f"{what}: {why}", code, do), 0.0

    if isinstance(error, FootageError):
        return error, 0.0
    if isinstance(error, known.ClientError):
        return _refused(error, what)
    if isinstance(error, known.ProfileNotFound):
        return told(
            "the named profile is not in the AWS configuration",
            Code.CREDENTIAL,
            "name another profile, or add it",
        )
    credentials = (
        known.NoCredentialsError,
        known.PartialCredentialsError,
        known.CredentialRetrievalError,
        known.TokenRetrievalError,
        known.UnauthorizedSSOTokenError,
        known.SSOTokenLoadError,
    )
    if isinstance(error, credentials):
        return told(
            "there is no credential for it",
            Code.CREDENTIAL,
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    if isinstance(error, (known.ConnectTimeoutError, known.ReadTimeoutError)):
        return told(
            "the store did not answer in time", Code.STORE_TIMEOUT, "check the network, run again"
        )
    if isinstance(error, (known.IncompleteReadError, known.ResponseStreamingError)):
        return told(
            "the connection was lost half-way", Code.DOWNLOAD_SHORT, "check the network, run again"
        )
    if isinstance(error, known.SSLError):
        return told(
            "its certificate cannot be trusted",
            Code.CREDENTIAL,
            "check the address of the store, and AWS_CA_BUNDLE",
        )
    broken = (known.HTTPClientError, known.ConnectionError, ResponseParserError, OSError)
    if isinstance(error, broken) and getattr(error, "errno", None) not in _OURS:
        return told("the store cannot be reached", Code.STORE_TIMEOUT, "check the network")
    if isinstance(error, (known.ParamValidationError, known.BotoCoreError, ValueError)):
        return told(
            f"cannot be asked for ({type(error).__name__})",
            Code.PATH,
            "check the names of bucket, region and store",
        )
    raise error


_OURS = {13, 28, 30, 122}
"""EACCES, ENOSPC, EROFS, EDQUOT: these are said by our own disk."""


def _refused(error: Any, what: str) -> tuple[FootageError, float]:
    answer = error.response
    about = answer.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode") or 0)
    name = str(answer.get("Error", {}).get("Code", ""))
    headers = {k.lower(): v for k, v in about.get("HTTPHeaders", {}).items()}
    wait = _seconds(headers.get("retry-after", ""))
    if name in _THROTTLED or status in (429, 503):
        why, code, do = "the store asks for fewer requests", Code.THROTTLED, "run again later"
    elif status >= 500 or name in ("RequestTimeout", "InternalError", "OperationAborted"):
        why = f"the store failed ({status or name})"
        code, do = Code.STORE_TIMEOUT, "run again later"
    elif name == "InvalidObjectState":
        why = "lies in an archive (Glacier) and cannot be read"
        code, do = Code.CREDENTIAL, "restore it in the store, then run again"
    elif name == "NoSuchBucket":
        why, code, do = "there is no such bucket", Code.PATH, "check its name and the store"
    elif name in _ELSEWHERE or status == 301:
        why, code = "the bucket lies in another region", Code.CREDENTIAL
        do = "name it: `s3: {region: ...}` in project.yaml, or AWS_DEFAULT_REGION"
    elif name in _REFUSED or status in (401, 403):
        why = f"the store refuses the credential ({name or status})"
        code = Code.CREDENTIAL
        do = "renew it, or allow it s3:ListBucket and s3:GetObject"
    elif status in (412, 416):
        why, code, do = "changed while it was read", Code.TRUNCATED, "run again"
    elif status == 404:
        why, code, do = "is missing", Code.PATH, "bring it back, or run again to drop it"
    else:
        why = f"the store does not understand ({status} {name})"
        code, do = Code.PATH, "check the names of bucket, region and store"
    return FootageError(f"{what}: {why}", code, do), wait


def _seconds(retry_after: str) -> float:
    try:
        return min(max(float(retry_after), 0.0), LONGEST_PAUSE)
    except ValueError:
        return 0.0


def pause(
    access: Access, attempt: int, asked: float, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Waits before the next attempt; `asked`: seconds that the store wants at least."""
    most = min(access.base_s * 2 ** (attempt - 1), LONGEST_PAUSE)
    sleep(asked + random.uniform(0, most))


def patiently(access: Access, call: Callable[[], T], what: str) -> T:
    """The answer of `call`; FootageError when four attempts failed, or another one cannot help."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return call()
        except VideoAssetsError:
            raise
        except Exception as found:
            error, asked = judged(found, what)
            if not error.code.retryable or attempt >= ATTEMPTS:
                raise error from found
        pause(access, attempt, asked)


def listed(bucket: Bucket) -> Iterator[Listed]:
    """Every object below the prefix, a thousand a request; FootageError where one of them fails."""
    about: dict[str, Any] = {"Bucket": bucket.name, "Prefix": bucket.prefix}
    while True:
        page = patiently(
            bucket.access,
            lambda: client(bucket.access).list_objects_v2(**about),
            str(bucket),
        )
        for one in page.get("Contents", ()):
            yield Listed(one["Key"], one["Size"], one["LastModified"], one.get("ETag", ""))
        token = page.get("NextContinuationToken")
        if not page.get("IsTruncated") or not token:
            return
        about["ContinuationToken"] = token


def head(bucket: Bucket, key: str, **more: Any) -> dict[str, Any]:
    """What the store says of an object: ContentLength, ETag, checksums."""
    about = {"Bucket": bucket.name, "Key": key, **more}
    found: dict[str, Any] = patiently(
        bucket.access, lambda: client(bucket.access).head_object(**about), key
    )
    return found


def first_bytes(bucket: Bucket, key: str, count: int) -> bytes:
    """The first `count` bytes of an object, or all where it is shorter."""

    def ask() -> bytes:
        found = client(bucket.access).get_object(
            Bucket=bucket.name, Key=key, Range=f"bytes=0-{count - 1}"
        )
        data: bytes = found["Body"].read(count)
        return data

    return patiently(bucket.access, ask, key)


def mark(etag: str) -> int:
    """A number of 63 bits for an object's version: it stands where files have their inode."""
    return int.from_bytes(sha256(etag.strip('"').encode()).digest()[:8], "big") >> 1
