"""Files that want to be opened as something else, to fill the memory, or to be named as something."""

import random
import struct
import subprocess
import zlib
from pathlib import Path

from video_assets.foundation.media import ffmpeg_path

NAMES = (
    "-i", "-i.mp4", "-y.mkv", "--help.mp4", "%03d.mp4", "a%20b%s.mp4", "it's.mp4", 'a "b".mp4',
    "a'; movie=x [v].mp4", "[in]scale=1:1[out].mp4", "a:b=c,d;e.mp4", "a\\b.mp4", "a\nb.mp4",
    "a\r\tb.mp4", "\u202egpj.4pm.mp4", "\u200b.mp4", "\ufeffa.mp4", "CON.mp4", "con", "nul.mp4", "LPT1.mov", "a .mp4",
    " .mp4", "a..mp4", "~.mp4", "$(touch x).mp4", "`touch x`.mp4", "|touch x.mp4",
    "a&b;c.mp4", "a?b*.mp4", "http:x.mp4", "concat:a.mp4|b.mp4", "subfile,,start,0,end,9,,:a.mp4",
    "data:video,mp4;base64,AAAA.mp4", "pipe:0", "file:a.mp4", "crypto:a.mp4", "caf\u00e9.mp4",
    "cafe\u0301.mp4", "\U0001f3ac.mp4", "=cmd|'!A0'.mp4", "+1.mp4", "@a.mp4", "#a.mp4",
    "<script>.mp4", "{a}.mp4", "textfile=.mp4", "%{pts}.mp4", "a" * 251 + ".mp4", "a.MP4", "a.mp4.",
)  # fmt: skip
"""File names that some tool takes for something else."""
SLUGS = (
    "", ".", "..", "../x", "../../etc", "/etc/x", "a/b", "a\\b", "a\0b", "a\nb", "\u202ea", "caf\u00e9",
    "A", "-a", "_a", "a" * 64, "a" * 400, "con", "nul", "com1", "lpt9", "a b", "a'b", 'a"b', "a;b",
    "$(x)", "%03d", "a.", "~", "*", "\ud800",
)  # fmt: skip
"""What must never become a project's folder."""


def names(count: int, seed: int = 5) -> list[str]:
    """So many hostile file names, all different: `NAMES`, then pieces of them by chance."""
    rng = random.Random(seed)
    found = dict.fromkeys(NAMES)
    while len(found) < count:
        pieces = (rng.choice(NAMES).removesuffix(".mp4")[:60] for _ in range(rng.randrange(1, 4)))
        found[
            ("".join(pieces) + rng.choice([".mp4", ".mov", ".MP4", ""]))
            .encode()[:250]
            .decode(errors="ignore")
        ] = None
    return [name for name in list(found)[:count] if name.strip("./")]


def playlists(target: str, port: int) -> dict[str, bytes]:
    """Files that point to `target` (a good clip's path) or to a listener on `port`."""
    web = f"http://127.0.0.1:{port}/a"
    found: dict[str, str] = {}
    places = (target, f"file:{target}", f"file://{target}", f"{web}.ts", "data:text/plain,x")
    places += ("good.ts", f"concat:{target}", f"subfile,,start,0,end,0,,:{target}")
    for number, place in enumerate(places):
        ending = ("mp4", "mov", "ts", "mkv", "avi")[number % 5]
        found[f"hls {number}.{ending}"] = (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{place}\n#EXT-X-ENDLIST\n"
        )
        found[f"concat {number}.mp4"] = f"ffconcat version 1.0\nfile '{place}'\n"
        found[f"dash {number}.mp4"] = (
            "<?xml version='1.0'?>\n<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
            "mediaPresentationDuration='PT2S'><Period><AdaptationSet mimeType='video/mp4'>"
            f"<Representation id='1' bandwidth='1'><BaseURL>{place}</BaseURL></Representation>"
            "</AdaptationSet></Period></MPD>"
        )
    found["key.mp4"] = f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{web}.key"\n#EXTINF:1,\n{target}\n'
    found["map.mp4"] = f'#EXTM3U\n#EXT-X-MAP:URI="{target}"\n#EXTINF:1,\n{web}\n'
    found["variants.mkv"] = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{web}.m3u8\n"
    found["bom.mp4"] = f"\ufeff\n#EXTM3U\n#EXTINF:1,\n{target}\n"
    found["concat:a.mp4"] = f"ffconcat version 1.0\nfile {target}\n"
    found["subfile,,start,0,end,9,,:a.ts"] = f"#EXTM3U\n#EXTINF:1,\n{target}\n"
    found["data:a.mp4"] = f"#EXTM3U\n#EXTINF:1,\n{target}\n"
    found["session.mp4"] = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n" + (
        f"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )
    found["real.mp4"] = f"RTSPtext\nrtsp://127.0.0.1:{port}/a\n"
    found["stations.mp3"] = f"[playlist]\nFile1={web}\nNumberOfEntries=1\n"
    found["quick.mov"] = f"[Reference]\nRef1={web}\n"
    found["stream.avi"] = f"<asx version='3.0'><entry><ref href='{web}'/></entry></asx>"
    return {name: text.encode() for name, text in found.items()}


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of an MP4."""
    inside = b"".join(content)
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def referring(whole: bytes, kind: bytes, place: bytes) -> bytes:
    """A MOV with its index behind, whose pictures and sounds lie in another file."""
    entry = box(kind, b"\0\0\0\0", place)
    found, at = whole, -1
    while (at := found.find(b"dref", at + 1)) >= 0:
        size = struct.unpack(">I", found[at - 4 : at])[0]
        fresh = box(b"dref", struct.pack(">II", 0, 1), entry)
        more = len(fresh) - size
        found = found[: at - 4] + fresh + found[at - 4 + size :]
        for outer in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
            place_of = found.rfind(outer, 0, at) - 4
            length = struct.unpack(">I", found[place_of : place_of + 4])[0] + more
            found = found[:place_of] + struct.pack(">I", length) + found[place_of + 4 :]
    return found


def alias(path: bytes) -> bytes:
    """The classic Mac OS alias record that QuickTime wrote, with the path as its tag 18."""
    fixed = bytearray(150)
    fixed[4:8] = struct.pack(">HH", 150, 2)
    tag = struct.pack(">HH", 18, len(path)) + path + bytes(len(path) % 2)
    return bytes(fixed) + tag + struct.pack(">HH", 0xFFFF, 0)


def _packed(piece: bytes, count: int) -> bytes:
    """`count` pieces of zeros, deflated; one is packed and stands for all."""
    packer = zlib.compressobj(9)
    begin = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    one = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    ones = zlib.adler32(b"") & 0xFFFF  # of zeros, the first sum stays 1 and the second counts them
    return (
        begin
        + one * count
        + packer.flush()[:-4]
        + struct.pack(">HH", len(piece) * count % 65521, ones)
    )


def png(width: int, height: int) -> bytes:
    """A black picture that is thousands of times larger than its file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = _packed(bytes(1 + 3 * width), height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def holding(mov: bytes, sample: bytes) -> bytes:
    """A MOV of one sample, its index behind, with another sample."""
    at, moov = mov.find(b"mdat") - 4, mov.find(b"moov") - 4
    found = bytearray(mov[:at] + box(b"mdat", sample) + mov[moov:])
    size = found.rfind(b"stsz") + 8
    found[size : size + 4] = struct.pack(">I", len(sample))
    return bytes(found)


def many_streams(sound: bytes, count: int) -> bytes:
    """A MOV, its index behind, with so many copies of its track."""
    moov, trak = sound.find(b"moov") - 4, sound.find(b"trak") - 4
    (whole,), (one,) = struct.unpack(">I", sound[moov:][:4]), struct.unpack(">I", sound[trak:][:4])
    tracks = sound[trak : trak + one] * count
    size = struct.pack(">I", whole + one * (count - 1))
    return sound[:moov] + size + sound[moov + 4 : trak] + tracks + sound[trak + one :]


def claiming(clip: bytes, samples: int) -> bytes:
    """An MP4 of one track whose tables claim so many samples of one byte in its last chunk."""
    data = bytearray(clip)
    at = data.find(b"stsz")
    data[at + 8 : at + 16] = struct.pack(">II", 1, samples)
    at = data.find(b"stts")
    data[at + 12 : at + 16] = struct.pack(">I", samples)
    at = data.find(b"stsc")
    last = at + 12 + 12 * (struct.unpack(">I", data[at + 8 : at + 12])[0] - 1)
    data[last + 4 : last + 8] = struct.pack(">I", samples)
    return bytes(data)


def packed_index(megabytes: int) -> bytes:
    """A MOV whose index is packed, and that large when it is not."""
    packed = _packed(bytes(2**20), megabytes)
    sized = box(b"cmvd", struct.pack(">I", megabytes * 2**20), packed)
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(
        b"moov", box(b"cmov", box(b"dcom", b"zlib"), sized)
    )


def chapters(clip: bytes, count: int) -> bytes:
    """A Matroska file with so many chapters in front of its pictures."""

    def element(name: bytes, data: bytes) -> bytes:
        return name + struct.pack(">Q", len(data) | 1 << 56) + data

    def atom(number: int) -> bytes:
        at = struct.pack(">Q", number * 1000)
        shown = element(b"\x80", element(b"\x85", b"c") + element(b"\x43\x7c", b"eng"))
        uid = element(b"\x73\xc4", struct.pack(">Q", number + 1))
        return element(b"\xb6", uid + element(b"\x91", at) + element(b"\x92", at) + shown)

    every = element(b"\x45\xb9", b"".join(map(atom, range(count))))
    segment, tracks = clip.find(b"\x18\x53\x80\x67"), clip.find(b"\x16\x54\xae\x6b")
    front = clip[: segment + 4] + b"\x01" + b"\xff" * 7 + clip[segment + 12 : tracks]
    return front + element(b"\x10\x43\xa7\x70", every) + clip[tracks:]


def film(out: Path, *how: str) -> bytes:
    """The bytes of a file that ffmpeg makes of these arguments."""
    subprocess.run(
        [ffmpeg_path(), "-v", "error", "-y", *how, out], check=True, stdin=subprocess.DEVNULL
    )
    return out.read_bytes()
