"""Twelve jobs of two to five steps. Each draws its parameters and works out what is right from the world's own values."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from inhouse.bench.jobs_checking import Fact, Job
from inhouse.bench.jobs_world import TOPICS, Event, Maker, Product, World, decimal, money

#: One job in so many asks for something that is not there.
_UNKNOWN_ONE_IN = 4
#: Wordings of a template that were never looked at while the plans were made.
_HELD_OUT = 2


@dataclass(frozen=True)
class Template:
    """Wordings (all but the last two are for development, those are only reported on) and what makes a job of one."""

    name: str
    wordings: tuple[str, ...]
    make: Callable[[World, random.Random, date, str], Job]

    def job(self, world: World, draw: random.Random, today: date, number: int) -> Job:
        """A job with the wording of that number."""
        at = number % len(self.wordings)
        job = self.make(world, draw, today, self.wordings[at])
        return replace(job, template=self.name, held_out=at >= len(self.wordings) - _HELD_OUT)


def _products(world: World, draw: random.Random, count: int) -> tuple[list[Product], list[str]]:
    """Products, and the names that are asked for: now and then one of them is not sold."""
    found = draw.sample(list(world.products), count)
    names = [product.name for product in found]
    if draw.randrange(_UNKNOWN_ONE_IN) == 0:
        lost = draw.randrange(count)
        names[lost] = f"{draw.choice(world.nowhere)} {found[lost].kind}"
        found = [product for at, product in enumerate(found) if at != lost]
    return found, names


def _price(product: Product, *, final: bool = True) -> Fact:
    return Fact((product.name, f"£{money(product.price)}"), final)


def _paid(pounds: Fraction, *, final: bool = True) -> Fact:
    return Fact((f"£{money(pounds)}",), final)


def _figures(products: Sequence[Product]) -> frozenset[str]:
    """Figures of the rows that a job is about."""
    return frozenset(
        text
        for p in products
        for text in (money(p.price), str(p.grams), decimal(Fraction(p.millimetres, 10)), str(p.days))
    )


def _total(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, names = _products(world, draw, 2)
    whole = len(found) == 2
    facts = [_price(product, final=not whole) for product in found]
    if whole:
        facts.append(_paid(found[0].price + found[1].price))
    return Job("", wording.format(a=names[0], b=names[1]), tuple(facts), _figures(found), int(not whole))


def _cheapest(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, names = _products(world, draw, 3)
    part = draw.choice((10, 15, 20, 25))
    text = wording.format(a=names[0], b=names[1], c=names[2], p=part)
    facts = [_price(product, final=len(found) < 3) for product in found]
    if len(found) == 3:
        best = min(found, key=lambda product: product.pence)
        facts += [Fact((best.name,)), _paid(best.price * (100 - part) / 100)]
    return Job("", text, tuple(facts), _figures(found), int(len(found) < 3))


def _several(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, names = _products(world, draw, 1)
    count, part = draw.randrange(2, 9), draw.choice((5, 10, 15, 20))
    text = wording.format(n=count, a=names[0], p=part)
    facts = [_price(product, final=False) for product in found]
    facts += [_paid(product.price * count, final=False) for product in found]
    facts += [_paid(product.price * count * (100 - part) / 100) for product in found]
    return Job("", text, tuple(facts), _figures(found), int(not found))


def _event(world: World, draw: random.Random) -> tuple[Event | None, str]:
    if draw.randrange(_UNKNOWN_ONE_IN) == 0:
        return None, f"{draw.choice(world.nowhere)} Pottery Fair"
    found = draw.choice(list(world.events))
    return found, found.name


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _days_until(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, name = _event(world, draw)
    facts = [] if found is None else [
        Fact((_day(found.day),), False),
        Fact((f"{(found.day - today).days} days",)),
    ]  # fmt: skip
    figures = _around(today, found)
    return Job("", wording.format(e=name), tuple(facts), figures, int(found is None))


def _around(today: date, event: Event | None, *others: date) -> frozenset[str]:
    """Figures of the dates that a count tells, and of its weeks."""
    figures: set[str] = set()
    for day in (today, *([event.day] if event else []), *others):
        length = abs((day - today).days)
        figures |= {str(day.day), str(day.year), str(length), str(length // 7), str(length % 7)}
    return frozenset(figures)


def _compared(world: World, draw: random.Random, today: date, wording: str) -> Job:
    makers = draw.sample(list(world.makers), 3)
    topic = draw.choice(TOPICS)
    text = wording.format(a=makers[0].name, b=makers[1].name, c=makers[2].name, t=topic)
    return Job("", text, _said(makers, topic), frozenset(), sum(topic not in maker.said for maker in makers))


def _said(makers: Sequence[Maker], topic: str) -> tuple[Fact, ...]:
    return tuple(Fact((maker.said[topic].rstrip("."),)) for maker in makers if topic in maker.said)


def _converted(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, names = _products(world, draw, 1)
    facts: list[Fact] = []
    figures = set(_figures(found))
    for product in found:
        heavy = "ounces" in wording
        size = f"{product.grams} g" if heavy else f"{decimal(Fraction(product.millimetres, 10))} cm"
        other = (
            Fraction(product.grams) / Fraction("28.349523125")
            if heavy
            else Fraction(product.millimetres) / Fraction("25.4")
        )
        facts.append(Fact((size,), False))
        facts.append(Fact((_long(other), "oz" if heavy else "in")))
    return Job("", wording.format(a=names[0]), tuple(facts), frozenset(figures), int(not found))


def _long(number: Fraction) -> str:
    """To ten significant digits, without idle ones."""
    return f"{float(number):.10g}"


def _arrives(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, names = _products(world, draw, 1)
    facts: list[Fact] = []
    figures = set(_figures(found))
    for product in found:
        day = today + timedelta(days=product.days)
        facts += [Fact((product.name, str(product.days)), False), Fact((_day(day),))]
        figures |= _around(today, None, day)
    return Job("", wording.format(a=names[0]), tuple(facts), frozenset(figures), int(not found))


def _in_time(world: World, draw: random.Random, today: date, wording: str) -> Job:
    kind = draw.choice(sorted({product.kind for product in world.products}))
    days, count = draw.randrange(3, 10), draw.randrange(2, 6)
    fitting = [product for product in world.products if product.kind == kind and product.days <= days]
    text = wording.format(k=kind.lower(), d=days, n=count)
    if not fitting:
        return Job("", text, (), frozenset(), 1)
    best = min(fitting, key=lambda product: product.pence)
    facts = (Fact((best.name,)), Fact((f"£{money(best.price)}",), False), _paid(best.price * count))
    return Job("", text, facts, _figures([best]))


def _policies(world: World, draw: random.Random, today: date, wording: str) -> Job:
    makers = draw.sample(list(world.makers), 2)
    text = wording.format(a=makers[0].name, b=makers[1].name)
    unknown = sum("returns" not in maker.said for maker in makers)
    return Job("", text, _said(makers, "returns"), frozenset(), unknown)


def _specialist(world: World, draw: random.Random, today: date, wording: str) -> Job:
    if draw.randrange(_UNKNOWN_ONE_IN) == 0:
        return Job("", wording.format(g=draw.choice(world.nowhere)), (), frozenset(), 1)
    name, degrees = draw.choice(sorted(world.glazes.items()))
    fahrenheit = decimal(Fraction(degrees) * 9 / 5 + 32)
    facts = (Fact((f"{degrees} °C",), False), Fact((fahrenheit, "°F")))
    return Job("", wording.format(g=name), facts, frozenset({str(degrees)}))


def _steps_from_event(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, name = _event(world, draw)
    weeks = draw.randrange(1, 5)
    text = wording.format(e=name, n=weeks)
    if found is None:
        return Job("", text, (), frozenset(), 1)
    day = found.day - timedelta(weeks=weeks)
    facts = (Fact((_day(found.day),)), Fact((_day(day),)))
    return Job("", text, facts, _around(today, found, day))


def _shared(world: World, draw: random.Random, today: date, wording: str) -> Job:
    found, names = _products(world, draw, 3)
    people = draw.choice((2, 4, 5))
    text = wording.format(a=names[0], b=names[1], c=names[2], n=people)
    whole = len(found) == 3
    facts = [_price(product, final=not whole) for product in found]
    if whole:
        total = sum((product.price for product in found), Fraction(0))
        facts += [_paid(total, final="total" in wording), _paid(total / people)]
    return Job("", text, tuple(facts), _figures(found), int(not whole))


TEMPLATES = (
    Template(
        "two prices and their total",
        (
            "How much are the {a} and the {b} together?",
            "What do the {a} and the {b} cost in total?",
            "How much is the {a}, how much is the {b}, and what is the total?",
            "I'd like to buy the {a} and the {b}. What would they cost together?",
            "I want the {a} and the {b}: what do I pay for both?",
            "Could you add up the prices of the {a} and the {b}?",
            "What's the bill for one {a} and one {b}?",
            "How much would I spend on the {a} plus the {b}?",
            "Please total the {a} and the {b} for me.",
            "What will I owe you for the {a} and the {b}?",
        ),
        _total,
    ),
    Template(
        "the cheapest of three, reduced",
        (
            "Which is the cheapest of the {a}, the {b} and the {c}, and what is it with {p}% off?",
            "Which of the {a}, the {b} and the {c} is the cheapest, and what does it cost with {p}% off?",
            "Find the cheapest of the {a}, the {b} and the {c}. What would I pay for it with {p}% off?",
            "Out of the {a}, the {b} and the {c}, which one costs the least? And how much is that after a {p}% discount?",
            "Of the {a}, the {b} and the {c}, tell me the cheapest, and then its price after {p}% off.",
            "Compare the prices of the {a}, the {b} and the {c}. What does the cheapest cost with {p}% off?",
            "Which would be cheapest for me: the {a}, the {b} or the {c}? And what's the price once {p}% is taken off?",
            "I can't decide between the {a}, the {b} and the {c}. Tell me which costs least and its price less {p}%.",
            "Is the {a}, the {b} or the {c} the cheapest, and what would {p}% off make it?",
            "Which of these costs the least: the {a}, the {b}, the {c}? Take {p}% off and tell me the price.",
        ),
        _cheapest,
    ),
    Template(
        "several of one, reduced",
        (
            "What do {n} {a}s cost with {p}% off?",
            "How much are {n} {a}s with {p}% off?",
            "How much is the {a}, and what do {n} of them cost with {p}% off?",
            "I need {n} {a}s. What is the price of them with a {p}% discount?",
            "If I buy {n} {a}s and get {p}% off, what do I pay?",
            "Work out the price of {n} {a}s with {p}% off.",
            "Price for {n} {a}s, please, with {p}% off.",
            "How much do I pay for {n} {a}s if there is {p}% off?",
            "{n} {a}s at {p}% off come to how much?",
            "What's the damage for {n} {a}s with a {p}% voucher?",
        ),
        _several,
    ),
    Template(
        "days until an event in the news",
        (
            "How many days is it until the {e}?",
            "When is the {e}, and how many days are there until then?",
            "How long is it until the {e} opens?",
            "Find out when the {e} is and tell me how many days it is until then.",
            "What is the date of the {e}, and how many days away is that?",
            "Can you tell me how many days there are before the {e}?",
            "How far away is the {e}, in days?",
            "What's the number of days left until the {e}?",
            "Count the days until the {e}.",
            "When's the {e}? How many days do I have?",
        ),
        _days_until,
    ),
    Template(
        "what three makers say, in a table",
        (
            "Compare what {a}, {b} and {c} say about {t} in a table.",
            "Compare what {a}, {b} and {c} say about {t} and put it in a table.",
            "What do {a}, {b} and {c} say about {t}? Put it in a table.",
            "What does {a} say about {t}, what does {b} say about it, and what does {c} say about it?",
            "Make a table of what {a}, {b} and {c} say about {t}.",
            "I'm comparing {a}, {b} and {c}. What does each say about {t}?",
            "Give me a table with what {a}, {b} and {c} have to say about {t}.",
            "On {t}, what do {a}, {b} and {c} say?",
            "How do {a}, {b} and {c} differ on {t}? A table would be nice.",
            "Table, please: {t} at {a}, {b} and {c}.",
        ),
        _compared,
    ),
    Template(
        "a size in other units",
        (
            "How tall is the {a} in inches?",
            "How heavy is the {a}, and what is that in ounces?",
            "What is the height of the {a} in inches?",
            "Look up how heavy the {a} is and convert that to ounces.",
            "Give me the height of the {a} in inches.",
            "What does the {a} weigh, and how many ounces is that?",
            "Can you tell me how tall the {a} is, in inches?",
            "I need the height of the {a}, converted to inches.",
            "The {a}: how tall is it in inches?",
            "In inches, how tall is the {a}?",
        ),
        _converted,
    ),
    Template(
        "when an order arrives",
        (
            "When would the {a} arrive if I order it today?",
            "How many days does the {a} take to ship, and what date is that from today?",
            "How long does the {a} take to ship, and when would it arrive if I order today?",
            "If I order the {a} today, when will it be here?",
            "How soon would the {a} be here if ordered today?",
            "How long does the {a} take to ship? What date is that, counted from today?",
            "When can I expect the {a} if I order today?",
            "Tell me the shipping time of the {a} and the date on which it would get here.",
            "I'd order the {a} today. On what date would I have it?",
            "What's the earliest date I could have the {a}?",
        ),
        _arrives,
    ),
    Template(
        "the cheapest that ships in time, several",
        (
            "Which is the cheapest {k} that ships within {d} days, and what do {n} of them cost?",
            "What is the cheapest {k} that ships within {d} days, and how much are {n} of them?",
            "Find the cheapest {k} that ships within {d} days and work out what {n} of them cost.",
            "Which {k} that ships in {d} days or less is the cheapest? What do {n} of those come to?",
            "I need {n} {k}s within {d} days. Which is the cheapest, and what do I pay in all?",
            "Tell me the cheapest {k} that ships within {d} days and the price of {n} of them.",
            "Out of the {k}s that ship in {d} days or less, which is the cheapest and how much are {n} of it?",
            "What would {n} of your cheapest {k} that ships within {d} days cost me?",
            "Your cheapest {k} within {d} days, please. And {n} of those?",
            "Among the {k}s that ship within {d} days, which costs least, and what do {n} cost?",
        ),
        _in_time,
    ),
    Template(
        "the policies of two sources",
        (
            "What does {a} say about returns, and what does {b} say about returns?",
            "What do {a} and {b} say about returns?",
            "Compare what {a} and {b} write about returns.",
            "Tell me what {a} says about returns and what {b} says about returns.",
            "How do {a} and {b} handle returns?",
            "What is said about returns by {a}, and what by {b}?",
            "What are the returns policies of {a} and {b}?",
            "Can I return something to {a}? And to {b}?",
            "I bought from {a} and from {b}. How long may I return things?",
            "Return rules: {a} versus {b}?",
        ),
        _policies,
    ),
    Template(
        "asking a specialist, then converting",
        (
            "At what temperature is the {g} glaze fired, and what is that in Fahrenheit?",
            "What is the firing temperature of the {g} glaze? And what is that in Fahrenheit?",
            "How hot is the {g} glaze fired, and what is it in Fahrenheit?",
            "Ask the chemist at what temperature the {g} glaze is fired, then convert that to Fahrenheit.",
            "The {g} glaze: at what temperature is it fired? Give it in Fahrenheit too.",
            "What temperature does the {g} glaze need, and how much is that in Fahrenheit?",
            "How hot must the {g} glaze be fired, in Celsius and in Fahrenheit?",
            "Find the firing temperature of the {g} glaze and express it in Fahrenheit.",
            "Fahrenheit, please: how hot is the {g} glaze fired?",
            "What's the {g} glaze fired at, in Fahrenheit?",
        ),
        _specialist,
    ),
    Template(
        "a date before an event",
        (
            "When is the {e}, and what date is {n} weeks before that?",
            "When does the {e} open, and which date is {n} weeks before then?",
            "When is the {e}? And what date is {n} weeks before it?",
            "Find out when the {e} is, then tell me what date is {n} weeks before that.",
            "On what date does the {e} open, and what day is {n} weeks earlier?",
            "I want to prepare {n} weeks before the {e}. Which date is that?",
            "Tell me the opening day of the {e} and the date {n} weeks before it.",
            "{n} weeks before the {e}, what date is it?",
            "The {e} needs {n} weeks of preparation. When must I start?",
            "Count back {n} weeks from the {e}.",
        ),
        _steps_from_event,
    ),
    Template(
        "three prices, their total, shared",
        (
            "How much are the {a}, the {b} and the {c} together, and what is that split between {n} people?",
            "What is the price of the {a}, the {b} and the {c}, what is the total, and what is it split between {n} people?",
            "What do the {a}, the {b} and the {c} cost altogether, split between {n} people?",
            "Look up the prices of the {a}, the {b} and the {c}, add them up, and divide the total by {n}.",
            "{n} of us want to buy the {a}, the {b} and the {c}. What does each of us pay?",
            "Add the prices of the {a}, the {b} and the {c} and split the sum between {n} people.",
            "If {n} of us share the cost of the {a}, the {b} and the {c}, how much is it each?",
            "Sum up the {a}, the {b} and the {c}, then divide by {n}.",
            "Split the {a}, the {b} and the {c} between {n} people: how much each?",
            "We are {n} and buy the {a}, the {b} and the {c} together. Everyone's share?",
        ),
        _shared,
    ),
)
