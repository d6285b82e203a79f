"""An object's bytes: in parts, several at once, gone on with where a connection was lost, verified.

All parts are of one version of the object (If-Match). A connection that breaks half-way costs what
was not yet read; the count of attempts begins anew where an attempt brought something.
"""

import base64
import hashlib
import os
import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from video_assets.foundation.buckets import Bucket
from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.objects import ATTEMPTS, client, head, judged, mark, pause

WHOLE = 100 * 10**6
"""Bytes up to which an object is read in one go."""
PART = 64 * 2**20
"""Bytes of a part of a larger one."""
AT_ONCE = 8
"""Parts that are read at the same time."""
BLOCK = 2**20
"""Bytes that are written at a time; an attempt that brought as many was no failure."""


def fetch(
    bucket: Bucket, key: str, size: int, version: int, handle: int, clip_id: str = ""
) -> None:
    """Writes an object into the open file `handle` and verifies it.

    `version`: the `mark` of its ETag as it was listed. `clip_id`: first digits of the sha256 that
    its bytes had before; empty where they were never read. Raises FootageError: TRANSIENT after
    four attempts that brought nothing, CREDENTIAL, TRUNCATED where the object is another one by
    now, CHECKSUM where twice other bytes came than were put there.
    """
    about = head(bucket, key, ChecksumMode="ENABLED")
    if about["ContentLength"] != size or mark(about.get("ETag", "")) != version:
        raise FootageError(f"{key}: changed since it was listed", Code.TRUNCATED, "run again")
    for last in (False, True):
        _read(bucket, key, size, about.get("ETag", ""), handle)
        wrong = _wrong(bucket, key, about, handle, clip_id)
        if not wrong:
            return
        if last:
            raise FootageError(
                f"{key}: other bytes came than were put there ({wrong} differs)",
                Code.CHECKSUM,
                "put it into the bucket again",
            )


def _read(bucket: Bucket, key: str, size: int, etag: str, handle: int) -> None:
    step = max(size, 1) if size <= WHOLE else PART
    parts = [(start, min(start + step, size)) for start in range(0, size, step)]
    if len(parts) <= 1:
        for start, end in parts:
            _part(bucket, key, etag, start, end, handle, threading.Event())
        return
    stop = threading.Event()
    with ThreadPoolExecutor(min(AT_ONCE, len(parts))) as pool:
        running = [
            pool.submit(_part, bucket, key, etag, start, end, handle, stop) for start, end in parts
        ]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            stop.set()  # the others read their block to its end, and no more
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _part(
    bucket: Bucket,
    key: str,
    etag: str,
    start: int,
    end: int,
    handle: int,
    stop: threading.Event,
) -> None:
    """Bytes `start` to `end` of an object, over as many connections as it takes."""
    at, attempt = start, 0
    while at < end and not stop.is_set():
        before = at
        attempt += 1
        asked = 0.0
        try:
            found = client(bucket.access).get_object(
                Bucket=bucket.name, Key=key, Range=f"bytes={at}-{end - 1}", IfMatch=etag
            )
            body = found["Body"]
            _check_range(found, key, at)
            try:
                while at < end and not stop.is_set():
                    block = body.read(min(BLOCK, end - at))
                    if not block:
                        break
                    _write(handle, block, at)
                    at += len(block)
            finally:
                body.close()
            error = FootageError(
                f"{key}: the connection was lost after {at - start} of {end - start} bytes",
                Code.DOWNLOAD_SHORT,
                "check the network, run again",
            )
        except Exception as raw:
            error, asked = judged(raw, key)
            if not error.code.retryable:
                raise error from raw
        if at >= end or stop.is_set():
            return
        if at - before >= BLOCK:
            attempt = 0  # it goes on, if in small steps
        elif attempt >= ATTEMPTS:
            raise error
        pause(bucket.access, max(attempt, 1), asked, stop.wait)


def _check_range(found: dict[str, Any], key: str, at: int) -> None:
    """Refuses an answer that begins elsewhere: a store or proxy that knows no ranges."""
    status = found["ResponseMetadata"]["HTTPStatusCode"]
    begins = found.get("ContentRange", "bytes 0-").removeprefix("bytes ").split("-")[0]
    if begins != str(at) or (status != 206 and at):
        raise FootageError(
            f"{key}: the store gives other bytes than were asked for",
            Code.DOWNLOAD_SHORT,
            "use a store that knows ranges",
        )


def _write(handle: int, block: bytes, at: int) -> None:
    view = memoryview(block)
    while view:
        done = os.pwrite(handle, view, at)
        view, at = view[done:], at + done


def _wrong(bucket: Bucket, key: str, about: dict[str, Any], handle: int, clip_id: str) -> str:
    """Which checksum differs from what came; empty where all that the store gave agree.

    What is looked at: the bytes' own sha256 where it is known, the store's checksum of the whole
    object (SHA256, SHA1, CRC32), and the ETag: the MD5 of the bytes, or of the MD5s of its parts.
    """
    size = about["ContentLength"]
    known: dict[str, Any] = {}
    if about.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
        for name in ("SHA256", "SHA1", "CRC32"):
            said = about.get(f"Checksum{name}", "")
            if said and "-" not in said:
                known[name] = said
    etag = about.get("ETag", "").strip('"')
    # encrypted with a key of one's own, or in a directory bucket, an ETag is no MD5
    secret = about.get("SSECustomerAlgorithm") or "kms" in about.get("ServerSideEncryption", "")
    secret = secret or bucket.name.endswith("--x-s3")
    digest, _, parts = etag.partition("-")
    is_md5 = len(digest) == 32 and not secret and all(c in "0123456789abcdef" for c in digest)
    sizes: list[int] = []
    if is_md5 and not parts:
        sizes = [size]
    elif is_md5 and parts.isdigit():
        first = int(head(bucket, key, PartNumber=1)["ContentLength"])
        sizes = _even(size, first, int(parts))
    sums = _sums(handle, size, sizes, known)
    if clip_id and not sums["sha256"].startswith(clip_id):
        return "sha256"
    for name, said in known.items():
        if sums[name] != said:
            return name
    if sizes and sums["etag"] != etag:
        if not parts:
            return "ETag"
        each = [  # its parts are no equal ones
            int(head(bucket, key, PartNumber=number)["ContentLength"])
            for number in range(1, int(parts) + 1)
        ]
        if sum(each) == size and _sums(handle, size, each, {})["etag"] != etag:
            return "ETag"
    return ""


def _even(size: int, first: int, count: int) -> list[int]:
    """The sizes of `count` parts that are all like the first but the last; [] where none can be."""
    last = size - first * (count - 1)
    return [*[first] * (count - 1), last] if last > 0 else []


def _sums(handle: int, size: int, parts: Sequence[int], known: dict[str, Any]) -> dict[str, str]:
    """Checksums of a file, read once. `parts`: sizes of the parts that its ETag is made of."""
    whole, sha1, crc = hashlib.sha256(), hashlib.sha1(usedforsecurity=False), 0
    each: list[bytes] = []
    at = 0
    for length in parts or [size]:
        md5 = hashlib.md5(usedforsecurity=False)
        end = at + length
        while at < end:
            block = os.pread(handle, min(BLOCK, end - at), at)
            if not block:
                break
            at += len(block)
            whole.update(block)
            if parts:
                md5.update(block)
            if "SHA1" in known:
                sha1.update(block)
            if "CRC32" in known:
                crc = zlib.crc32(block, crc)
        each.append(md5.digest())
    together = hashlib.md5(b"".join(each), usedforsecurity=False).hexdigest()
    return {
        "sha256": whole.hexdigest(),
        "SHA256": base64.b64encode(whole.digest()).decode(),
        "SHA1": base64.b64encode(sha1.digest()).decode(),
        "CRC32": base64.b64encode(crc.to_bytes(4, "big")).decode(),
        "etag": each[0].hex() if len(each) == 1 else f"{together}-{len(each)}",
    }
