"""What is said in the demo, take by take, and who says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Take:
    """One thing said in front of the camera: `text` as spoken, flubs included.

    `pace` is the tempo the voice is synthesised at (1.0 is the model's own), `pitch` the factor
    that pitch and formants are moved by; a little of both keeps two takes from being twins.
    """

    text: str
    pace: float = 0.93
    pitch: float = 1.0


@dataclass(frozen=True, slots=True)
class Interview:
    """A speaking clip: its file below `footage/`, its takes, and the quiet around them (s)."""

    path: str
    speaker: str
    takes: tuple[Take, ...]
    lead: float = 0.75
    gap: float = 0.85
    tail: float = 0.9
    sidecar: bool = True


HOOK = "What if the dark felt like home?"
PRODUCT = "Wickfield is a small lantern with a very warm glow."
DIAL = "One turn of the dial, and the whole kitchen softens."
CHARGE = "It charges over dinner, and it glows until morning."
CARRY = "Carry it from the desk to the lake in one hand."
WEATHER = "In rain or in fog, the light stays soft and steady."
MENDED = "It's made of brass and glass, and it's made to be mended."
SLOWER = "Some evenings ask for a slower light."
CALL = "Find your light at Wickfield dot example."
CUSTOMER = "We put it on the balcony, and we stayed out until midnight."

SCRIPT = (HOOK, PRODUCT, DIAL, CHARGE, CARRY, WEATHER, MENDED, SLOWER, CUSTOMER, CALL)

INTERVIEWS = (
    Interview(
        "interviews/presenter_kitchen_a.mp4",
        "Nora",
        (
            Take("What if the dark felt like a, sorry.", 0.96, 0.99),
            Take(HOOK, 0.93, 1.015),
            Take(PRODUCT, 0.94, 1.0),
            Take("Wickfield is a small candle, no, a small lantern with a warm glow.", 0.99, 0.985),
            Take("One turn of the door, um, of the dial, and the kitchen softens.", 1.0, 1.0),
            Take(DIAL, 0.93, 1.012),
        ),
    ),
    Interview(
        "interviews/presenter_kitchen_b.mp4",
        "Nora",
        (
            Take(CHARGE, 0.93, 1.005),
            Take("Carry it from the lake to the, to the desk.", 0.98, 0.99),
            Take(CARRY, 0.93, 1.01),
            Take("Carry it from the desk to the lake, in one hand.", 0.97, 0.98),
            Take(WEATHER, 0.93, 1.0),
        ),
        gap=0.9,
    ),
    Interview(
        "interviews/presenter_window.mp4",
        "Nora",
        (
            Take(MENDED, 0.95, 1.0),
            Take(SLOWER, 0.92, 1.015),
            Take("Find your light at Wick, um, sorry.", 1.0, 0.985),
            Take(CALL, 0.95, 1.008),
        ),
        gap=0.8,
    ),
    Interview(
        "interviews/customer_balcony.mp4",
        "Theo",
        (Take(CUSTOMER, 1.17, 0.8),),
        lead=1.5,
        tail=1.7,
        sidecar=False,
    ),
)
