"""A real S3 server, and a road to it that loses, holds back, refuses and spoils what it carries."""

import contextlib
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from video_assets.foundation.buckets import Access, Bucket

SERVER = """
from werkzeug.serving import WSGIRequestHandler, make_server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
WSGIRequestHandler.log_request = lambda *_: None
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""moto in server mode, with the one service that is asked of it."""
KEY, SECRET = "AKIAOFTHETESTS", "never-to-be-seen"
SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\n%sContent-Type: application/xml\r\nContent-Length: 77\r\n"
    b"Connection: close\r\n\r\n<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>.</Message></Error>"
)


@contextlib.contextmanager
def served() -> Iterator[int]:
    """The port of a server that is empty."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def access(port: int, **more: Any) -> Access:
    """Of the server, or of a road to it; impatient."""
    about = {"timeout_s": 1.0, "base_s": 0.02, "key_id": KEY, "secret": SECRET, **more}
    return Access(endpoint_url=f"http://127.0.0.1:{port}", region="us-east-1", **about)


def client(port: int) -> Any:
    """To put things there with."""
    from video_assets.foundation.objects import client as of

    return of(access(port, timeout_s=30.0))


def fill(port: int, bucket: str, objects: dict[str, bytes]) -> None:
    """Makes a bucket with these objects."""
    put = client(port)
    put.create_bucket(Bucket=bucket)
    for key, data in objects.items():
        put.put_object(Bucket=bucket, Key=key, Body=data)


def bucket_at(port: int, name: str, cache: Path, cap: int = 10**9, **more: Any) -> Bucket:
    """Everything below `s3://name/film` at a port."""
    return Bucket(name, "film/", access(port, **more), cache, cap)


@dataclass
class Road:
    """Carries requests to a server, one a connection; `fault` says what happens to each answer.

    `fault` gets the request's first line and gives: "" nothing, "slow" 503 SlowDown, "later" the
    same with Retry-After: 1, "reset" half of the body and then a reset, "cut" half of it and an
    end, "short" half of it under a head that promises no more, "hold" half of it and then silence,
    "nothing" the head alone, "flip" one wrong byte, "broken" a 500, "refused" a 403, "away" a reset at once.
    """

    to: int
    fault: Callable[[str], str] = lambda line: ""
    lines: list[str] = field(default_factory=list)
    """First lines of all requests."""
    times: list[float] = field(default_factory=list)
    carried: int = 0
    """Bytes of objects that went to clients."""
    port: int = 0

    @contextlib.contextmanager
    def open(self) -> Iterator["Road"]:
        """Open for traffic while the caller is inside."""
        self._end = threading.Event()
        self._lock = threading.Lock()
        with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
            self.port = door.getsockname()[1]
            keeper = threading.Thread(target=self._keep, args=(door,), daemon=True)
            keeper.start()
            try:
                yield self
            finally:
                self._end.set()
                with contextlib.suppress(OSError):  # wakes the keeper
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                keeper.join(5)

    def _keep(self, door: socket.socket) -> None:
        while not self._end.is_set():
            try:
                guest, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(guest,), daemon=True).start()

    def _serve(self, guest: socket.socket) -> None:
        with guest, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = guest.recv(65536)
                if not more:
                    return
                head += more
            line = head.split(b"\r\n", 1)[0].decode("latin1")
            with self._lock:
                self.lines.append(line)
                self.times.append(time.monotonic())
                fault = self.fault(line)
            if fault in ("slow", "later"):
                guest.sendall(SLOW_DOWN % (b"Retry-After: 1\r\n" if fault == "later" else b""))
            elif fault in ("broken", "refused"):
                status = b"500 Oh" if fault == "broken" else b"403 Forbidden"
                guest.sendall(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status)
            elif fault == "away":
                _reset(guest)
            else:
                self._answer(guest, head, fault)

    def _answer(self, guest: socket.socket, asked: bytes, fault: str) -> None:
        asked = re.sub(rb"\r\nConnection: [^\r]*", b"", asked, flags=re.IGNORECASE)
        asked = asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        found = bytearray()
        with socket.create_connection(("127.0.0.1", self.to), 30) as server:
            server.sendall(asked)
            while more := server.recv(1 << 16):
                found += more
        head, _, body = bytes(found).partition(b"\r\n\r\n")
        half = body[: len(body) // 2]
        sent = half if fault in ("reset", "cut", "short", "hold") else body
        if fault == "nothing":
            sent = b""
        if fault == "flip" and body:
            sent = body[:-1] + bytes([body[-1] ^ 1])
        if fault == "short":
            head = re.sub(rb"(?i)(content-length: )\d+", rb"\g<1>%d" % len(half), head)
        guest.sendall(head + b"\r\n\r\n" + sent)
        with self._lock:
            self.carried += 0 if b"list-type" in asked else len(sent)
        if fault == "reset":
            time.sleep(0.05)  # else what was sent is thrown away with the connection
            _reset(guest)
        elif fault == "hold":
            self._end.wait(10)


def _reset(guest: socket.socket) -> None:
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    guest.close()


def once(fault: str, among: str = "GET") -> Callable[[str], str]:
    """A fault for the first request whose line holds a word."""
    left = [fault]
    return lambda line: left.pop() if left and among in line and "list-type" not in line else ""
