"""What is said in the library: lines of an invented product's story, each spoken in several ways.

In a text `{...}` marks a false start or a repeated stretch; `um` and `uh` are fillers.
"""

from dataclasses import dataclass

FILLERS = ("um", "uh")
MARKS = ".,?!"


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice: `pitch` moves pitch and formants, `pace` is the tempo it is synthesised at."""

    name: str
    pitch: float
    pace: float


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to be said. Variants other than `text` are ways in which it goes wrong."""

    key: str
    speaker: str
    role: str
    """hook, body, proof or cta: what a cut may use it for."""
    text: str
    again: bool = True
    """Whether it is also spoken whole a second time, slower and a little higher."""
    filler: str = ""
    flub: str = ""
    broken: str = ""
    nouns: tuple[str, ...] = ()
    """Tags of the B-roll that shows what it names."""


SPEAKERS = (Speaker("Ada", 1.0, 0.95), Speaker("Bruno", 0.79, 1.17), Speaker("Cleo", 1.1, 0.9))

LINES = (
    Line(
        "l01", "Ada", "hook", "What if your morning began with a whistle?",
        flub="What if your {mornings, sorry, what if your} morning began with a whistle?",
        broken="What if your morning began with,", nouns=("kettle",),
    ),
    Line(
        "l02", "Ada", "body", "Wickfield is a small kettle with a very big handle.",
        filler="Wickfield is, um, a small kettle with a, uh, very big handle.",
        flub="Wickfield is a {small pot, no, a} small kettle with a very big handle.",
        nouns=("kettle",),
    ),
    Line(
        "l03", "Ada", "body", "It boils a whole litre in about three minutes.",
        filler="It boils a, um, whole litre in about three minutes.",
        flub="It boils a whole {minute, sorry, a whole} litre in about three minutes.",
        broken="It boils a whole litre in,", nouns=("stove",),
    ),
    Line(
        "l04", "Ada", "body", "The spout pours slow and straight, right into the mug.",
        flub="The spout pours {slow and, slow and,} slow and straight, right into the mug.",
        broken="The spout pours slow and,", nouns=("mug",),
    ),
    Line(
        "l05", "Ada", "body", "Every kettle is pressed from a single sheet of steel.",
        filler="Every kettle is, uh, pressed from a single sheet of steel.",
    ),
    Line(
        "l06", "Ada", "body", "Outside you hear the rain, and inside you hear it sing.",
        flub="Outside you hear the {train, no, the} rain, and inside you hear it sing.",
        nouns=("rain",),
    ),
    Line(
        "l07", "Bruno", "body", "I carve each handle by hand from apple wood.",
        filler="I carve, um, each handle by hand from, uh, apple wood.",
        flub="I carve each {apple, each} handle by hand from apple wood.",
        broken="I carve each handle by,", nouns=("apples",),
    ),
    Line(
        "l08", "Bruno", "proof", "If the lid ever breaks, we mend it for nothing.",
        flub="If the lid ever {mends, no, ever} breaks, we mend it for nothing.",
    ),
    Line(
        "l09", "Bruno", "body", "We take them to town by bicycle every Friday.",
        filler="We take them, uh, to town by bicycle every Friday.",
        broken="We take them to town by,", nouns=("bicycle", "street"),
    ),
    Line(
        "l10", "Bruno", "hook", "My grandfather built the first one in this garden.",
        flub="My {grandmother, my} grandfather built the first one in this garden.",
        nouns=("garden",),
    ),
    Line(
        "l11", "Bruno", "body", "Steel keeps its shape when everything else bends.",
        filler="Steel, um, keeps its shape when everything else bends.",
    ),
    Line(
        "l12", "Cleo", "hook", "I took it up to the lake, and everyone wanted tea.",
        filler="I took it, um, up to the lake, and everyone wanted tea.",
        flub="I took it up to the {late, to the} lake, and everyone wanted tea.",
        nouns=("lake",),
    ),
    Line(
        "l13", "Cleo", "proof", "It survived the hills, the rain, and my two children.",
        flub="It survived the {rain, the, the} hills, the rain, and my two children.",
        broken="It survived the hills, the,", nouns=("hills", "rain"),
    ),
    Line(
        "l14", "Cleo", "body", "Now I bake bread and listen for the whistle.",
        filler="Now I, uh, bake bread and listen for the whistle.", nouns=("bread",),
    ),
    Line(
        "l15", "Cleo", "proof", "It is the one thing that I would pack first.",
        filler="It is, um, the one thing that I would, uh, pack first.",
        broken="It is the one thing,", nouns=("map",),
    ),
    Line(
        "l16", "Ada", "cta", "Find your kettle at Wickfield dot example.",
        filler="Find your, um, kettle at Wickfield dot example.", nouns=("kettle",),
    ),
    Line(
        "l17", "Ada", "cta", "Put the kettle on, and stay a little longer.",
        flub="Put the {kettle in, put the} kettle on, and stay a little longer.",
        nouns=("kettle", "mug"),
    ),
)  # fmt: skip
"""The story, in the order in which it would be told."""

BY_KEY = {line.key: line for line in LINES}


def variants(line: Line) -> dict[str, str]:
    """The ways in which the bank holds a line: name to marked text."""
    found = {"clean": line.text, "again": line.text if line.again else ""}
    found |= {"filler": line.filler, "flub": line.flub, "broken": line.broken}
    return {name: text for name, text in found.items() if text}


def marked(text: str) -> list[tuple[str, str]]:
    """(word as spoken, kind) of a marked text; kind is word, filler or false_start."""
    words = []
    inside = False
    for token in text.split():
        inside = inside or token.startswith("{")
        bare = token.strip("{}")
        plain = bare.strip(MARKS).lower()
        kind = "filler" if plain in FILLERS else "false_start" if inside else "word"
        words.append((bare, kind))
        inside = inside and not token.endswith("}")
    return words
