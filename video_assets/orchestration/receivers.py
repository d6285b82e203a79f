"""Where alerts go: a webhook and a mailbox, named by environment variables.

Their addresses hold secrets (a token in the path, a password): nothing here that is logged, raised
or kept says more of them than which of the two it was.
"""

import http.client
import ipaddress
import json
import os
import smtplib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

WEBHOOK = "VIDEO_ASSETS_ALERT_WEBHOOK"
"""`https://host/path`: gets a POST with JSON, `text` first (as Slack reads it)."""
SMTP = "VIDEO_ASSETS_ALERT_SMTP"
"""`smtp://user:password@host:587/?from=A&to=B,C`; `smtps://` for TLS from the first byte."""
TIMEOUT = 10.0
"""Seconds for any step of a delivery."""
LATER = (408, 429)
"""HTTP answers of the 4xx kind that ask for patience and do not refuse."""


class Undelivered(Exception):
    """A message was not taken; the text says why without any address.

    `refused`: it was read and refused, so that another message may be taken all the same.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


class Receiver(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """What it is called where its address must not be seen."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Delivers one message; raises Undelivered."""


def receivers(environ: Mapping[str, str] = os.environ) -> list[Receiver]:
    """The receivers that the environment names now."""
    found: list[Receiver] = []
    if environ.get(WEBHOOK):
        found.append(Webhook(environ[WEBHOOK].strip()))
    if environ.get(SMTP):
        found.append(Mailbox(environ[SMTP].strip()))
    return found


class _Stays(HTTPRedirectHandler):
    """Follows nobody: another host must not get the message, and a POST is not repeated."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass(frozen=True, repr=False)
class Webhook:
    """An HTTP address that takes JSON."""

    url: str
    name: str = "webhook"

    def send(self, message: Mapping[str, Any]) -> None:
        """Posts the message as it is."""
        if _split(self.url, WEBHOOK).scheme not in ("http", "https"):
            raise Undelivered(f"{WEBHOOK} is no http or https address")
        body = json.dumps(dict(message), ensure_ascii=False).encode("utf-8", "replace")
        refused = False
        try:
            request = Request(
                self.url, body, {"Content-Type": "application/json; charset=utf-8"}, method="POST"
            )
            with build_opener(_Stays).open(request, timeout=TIMEOUT):
                return
        except HTTPError as error:
            error.close()
            moved = "; name the address that it redirects to" if error.code // 100 == 3 else ""
            why = f"it answered {error.code}{moved}"
            refused = error.code // 100 == 4 and error.code not in LATER
        except URLError as error:
            why = _said(error.reason)
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = _said(error)
        raise Undelivered(why, refused=refused)


@dataclass(frozen=True, repr=False)
class Mailbox:
    """Mail addresses behind an SMTP server."""

    url: str
    name: str = "mailbox"

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends the message's text as a mail; its first line is the subject."""
        address = _split(self.url, SMTP)
        told = parse_qs(address.query)
        sender = "".join(told.get("from", [])[:1])
        to = [one.strip() for some in told.get("to", []) for one in some.split(",") if one.strip()]
        if address.scheme not in ("smtp", "smtps") or not address.hostname or not sender or not to:
            raise Undelivered(
                f"{SMTP} must read smtp[s]://user:password@host:port/?from=ADDRESS&to=ADDRESS"
            )
        text = str(message["text"]).encode("utf-8", "replace").decode()
        try:
            mail = EmailMessage()
            mail["Subject"] = " ".join(text.splitlines()[0].split())[:200]
            mail["From"], mail["To"] = sender, ", ".join(to)
            mail["Message-ID"] = f"<{message['id']}@video-assets.invalid>"
            mail.set_content(text)
            self._deliver(mail, address)
        except smtplib.SMTPResponseException as error:
            refused = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
            raise Undelivered(f"it answered {error.smtp_code}", refused=refused) from None
        except smtplib.SMTPRecipientsRefused:
            raise Undelivered("it refuses the recipients") from None
        except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors too
            raise Undelivered(_said(error)) from None

    def _deliver(self, mail: EmailMessage, address: SplitResult) -> None:
        host, secure = str(address.hostname), address.scheme == "smtps"
        port = address.port or (465 if secure else 587)
        me, safe = socket.gethostname(), ssl.create_default_context()
        server: smtplib.SMTP
        if secure:
            server = smtplib.SMTP_SSL(host, port, me, timeout=TIMEOUT, context=safe)
        else:
            server = smtplib.SMTP(host, port, me, timeout=TIMEOUT)
        with server:
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=safe)
                server.ehlo()
                secure = True
            if address.username:
                if not secure and not _is_here(host):
                    raise Undelivered("it offers no encryption, so no password is sent to it")
                server.login(unquote(address.username), unquote(address.password or ""))
            server.send_message(mail)


def _split(url: str, name: str) -> SplitResult:
    try:
        found = urlsplit(url)
        _ = found.port  # a wrong one raises here, with the text of the address
    except ValueError:
        raise Undelivered(f"{name} is no address") from None
    return found


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _said(error: object) -> str:
    """What an error is, without its text: that may repeat the address."""
    if isinstance(error, TimeoutError):
        return f"it did not answer within {TIMEOUT:.0f} s"
    strerror = error.strerror if isinstance(error, OSError) and error.errno else None
    return strerror if isinstance(strerror, str) else type(error).__name__
