"""What the jobs of ``bench jobs`` are about: makers of pottery, what they sell and say, fairs, and a chemist; drawn by seed.

Everything that is true is kept as values here, so that a job's right result is worked out without the system's code.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

_PLACES = [
    "Kelso",
    "Harris",
    "Tolsta",
    "Barra",
    "Lewis",
    "Moray",
    "Angus",
    "Nairn",
    "Dornoch",
    "Wick",
    "Thurso",
    "Alness",
    "Brora",
    "Golspie",
    "Tain",
    "Forres",
    "Keith",
    "Huntly",
    "Turriff",
    "Ellon",
    "Banff",
    "Cullen",
    "Buckie",
    "Lossie",
    "Elgin",
    "Rothes",
    "Aberlour",
    "Dufftown",
    "Tomintoul",
    "Braemar",
    "Ballater",
    "Aboyne",
    "Banchory",
    "Stonehaven",
    "Montrose",
    "Brechin",
    "Forfar",
    "Kirriemuir",
    "Alyth",
    "Coupar",
    "Crieff",
    "Comrie",
    "Callander",
    "Doune",
    "Dunblane",
    "Alloa",
    "Culross",
    "Crail",
    "Elie",
    "Leven",
]
_FAMILIES = [
    "Calder",
    "Brannock",
    "Ferrow",
    "Hollis",
    "Penhale",
    "Tregarth",
    "Lowick",
    "Ashdown",
    "Marlow",
    "Wexcombe",
    "Thorne",
    "Quillan",
    "Rushford",
    "Stanway",
    "Elkington",
    "Corley",
    "Dunmore",
    "Haverill",
    "Kettering",
    "Oakhanger",
]
_TRADES = ("Clay", "Pottery", "Ceramics", "Stoneware", "Kilns")
_KINDS = ("Mug", "Bowl", "Jug", "Plate")
_GLAZES = ["Celadon", "Tenmoku", "Shino", "Oribe", "Raku", "Chun", "Nuka", "Ochre", "Cobalt", "Copper"]
_FAIRS = ("Pottery Fair", "Kiln Opening", "Clay Market", "Makers Weekend")
TOPICS = ("glazing", "firing", "packaging", "returns")
_SAID = {
    "glazing": (
        "Our glazing is done by dipping, and every glaze rests for {n} hours before it is fired.",
        "For glazing we mix {n} recipes of our own, all of them free of lead.",
        "We leave the glazing thin: {n} coats of a clear glaze, brushed on by hand.",
    ),
    "firing": (
        "Firing takes {n} hours in our electric kiln, and we open it only when it is cold.",
        "Our firing is slow: the kiln is held for {n} hours at its top heat.",
        "We do all firing with wood, {n} times a year.",
    ),
    "packaging": (
        "Our packaging is straw and card, and each box holds {n} pieces at most.",
        "For packaging we use recycled paper, {n} layers around every piece.",
    ),
    "returns": (
        "Returns are accepted within {n} days if the piece is unused.",
        "You can send returns to us for {n} days after delivery, and we pay the postage.",
    ),
}
_OTHER = (
    "The workshop stands beside an old mill, and visitors are welcome on Saturdays.",
    "It was founded by two sisters who learned the trade from their grandfather.",
    "Every piece carries the mark of the person who threw it.",
)
_PRODUCTS, _MAKERS, _EVENTS = 16, 6, 5


@dataclass(frozen=True)
class Product:
    """A row of the table."""

    name: str
    kind: str
    maker: str
    pence: int
    grams: int
    millimetres: int
    days: int

    @property
    def price(self) -> Fraction:
        """Pounds."""
        return Fraction(self.pence, 100)


@dataclass(frozen=True)
class Maker:
    """A maker and the sentences it wrote, by topic; it is silent on the others."""

    name: str
    said: dict[str, str]


@dataclass(frozen=True)
class Event:
    """Something that the news announces; ``day`` is known to nobody else."""

    name: str
    day: date


@dataclass(frozen=True)
class World:
    """All that is true."""

    products: Sequence[Product]
    makers: Sequence[Maker]
    events: Sequence[Event]
    glazes: dict[str, int]
    """Degrees Celsius at which a glaze is fired: the chemist knows."""
    nowhere: tuple[str, ...]
    """Names that nothing is called by."""

    def csv(self) -> str:
        """The products as their owner's file."""
        lines = ["name,kind,maker,price,weight,height,ships in days"]
        lines += [
            f"{p.name},{p.kind.lower()},{p.maker},£{money(p.price)},{p.grams} g,{decimal(Fraction(p.millimetres, 10))} cm,{p.days}"
            for p in self.products
        ]
        return "\n".join(lines) + "\n"

    def pages(self, draw: random.Random) -> list[tuple[str, str]]:
        """What the makers wrote, as (title, text)."""
        pages = []
        for maker in self.makers:
            sentences = [*maker.said.values(), *draw.sample(_OTHER, 2)]
            draw.shuffle(sentences)
            pages.append((maker.name, f"About {maker.name}. " + " ".join(sentences)))
        return pages

    def news(self, today: date) -> list[tuple[str, str, date]]:
        """What was announced, as (title, text, when it was written)."""
        return [
            (
                f"{event.name} announced",
                f"The {event.name} opens on {event.day.day} {event.day:%B %Y}. Stalls can be booked at the door.",
                today - timedelta(days=3 + number),
            )
            for number, event in enumerate(self.events)
        ]

    def chemistry(self) -> list[tuple[str, str]]:
        """What the chemist knows, as (title, text)."""
        return [
            (
                f"{name} glaze",
                f"The {name} glaze is fired at {degrees} °C. It is stirred well before it is used.",
            )
            for name, degrees in self.glazes.items()
        ]


def world(seed: int, today: date) -> World:
    """Draw one."""
    draw = random.Random(seed)
    places = draw.sample(_PLACES, len(_PLACES))
    families = draw.sample(_FAMILIES, _MAKERS)
    makers = [_maker(f"{family} {draw.choice(_TRADES)}", draw) for family in families]
    prices = draw.sample(range(900, 8000, 25), _PRODUCTS)
    products = [
        Product(
            name=f"{places.pop()} {_KINDS[number % len(_KINDS)]}",
            kind=_KINDS[number % len(_KINDS)],
            maker=draw.choice(makers).name,
            pence=prices[number],
            grams=draw.randrange(180, 2400, 10),
            millimetres=draw.randrange(40, 380, 5),
            days=draw.randrange(2, 13),
        )
        for number in range(_PRODUCTS)
    ]
    events = [
        Event(f"{places.pop()} {draw.choice(_FAIRS)}", today + timedelta(days=draw.randrange(12, 200)))
        for _ in range(_EVENTS)
    ]
    glazes = {name: draw.randrange(1000, 1300, 5) for name in draw.sample(_GLAZES, 5)}
    nowhere = tuple(places.pop() for _ in range(6))
    return World(products, makers, events, glazes, nowhere)


def money(pounds: Fraction) -> str:
    """Rounded half up to pence, as a till does."""
    pence = (pounds * 100 + Fraction(1, 2)).__floor__()
    return f"{pence // 100}.{pence % 100:02}"


def decimal(number: Fraction, places: int = 1) -> str:
    """With so many places at most, and none that are idle."""
    shown = f"{float(number):.{places}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _maker(name: str, draw: random.Random) -> Maker:
    said = {topic: draw.choice(_SAID[topic]).format(n=draw.randrange(2, 60)) for topic in TOPICS}
    silent = draw.choice(TOPICS)
    return Maker(name, {topic: sentence for topic, sentence in said.items() if topic != silent})
