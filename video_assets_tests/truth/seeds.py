"""Numbers for random generators from names: two names practically never share one."""

from hashlib import sha256


def seed_of(*parts: object) -> int:
    """The first 8 bytes of the SHA-256 of the parts' texts, as a number (0 .. 2**64 - 1)."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(sha256(text.encode("utf-8")).digest()[:8])
