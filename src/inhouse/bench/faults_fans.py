"""Fans of ``bench faults``: programs and a browser that ask while things are killed, and the journal that they keep."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from inhouse.bench.asking import Asked, ask
from inhouse.bench.faults_house import House

SLUG = "shop"
_TIMEOUT = httpx.Timeout(90, connect=5)
_QUESTIONS = (
    "How much is the Fold Mug currently?",
    "Can the Sunday Dish go in the oven?",
    "Where does the clay come from?",
    "When are you open?",
)


class ApiFan:
    """A program that asks one question after the other through the API, until told to stop."""

    def __init__(self, house: House, secret: str, name: str) -> None:
        self.journal: list[Asked] = []
        self._house, self._secret, self._name = house, secret, name
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more, and wait for the last answer."""
        self._stop.set()
        self._thread.join(timeout=120)

    def ask(self) -> Asked:
        """One question; what came of it is in the journal, whatever breaks."""
        number = next(self._numbers)
        asked = Asked(f"{_QUESTIONS[number % len(_QUESTIONS)]} ({self._name} {number})")
        self.journal.append(asked)
        try:
            ask(asked, self._house.address, self._secret, _TIMEOUT, model=SLUG)
        except httpx.HTTPError:
            time.sleep(0.2)  # the server is gone; the journal says how far this came
        return asked

    def _run(self) -> None:
        while not self._stop.is_set():
            self.ask()


class PageFan:
    """A browser on the fan page: what it asked must be shown after a kill, and can be asked again there."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._http = httpx.Client(timeout=_TIMEOUT)
        self._numbers = itertools.count(1)

    def ask_aside(self) -> str:
        """Ask in the background; returns the question."""
        question = f"Do you post to Norway? (page {next(self._numbers)})"
        fields = {"csrf": self._token(), "question": question}
        threading.Thread(target=self._post, args=("turns", fields), daemon=True).start()
        return question

    def shows(self, question: str) -> bool:
        """Whether the page holds the question."""
        return question in self._page()

    def retry(self, turn_id: str) -> None:
        """Press "ask again" and read the answer."""
        self._post(f"turns/{turn_id}/retry", {"csrf": self._token()})

    def close(self) -> None:
        """Close the browser."""
        self._http.close()

    def _token(self) -> str:
        found = re.search(r'name="csrf" content="([^"]+)"', self._page())
        assert found, "the fan page holds no token"
        return found[1]

    def _page(self) -> str:
        return self._http.get(f"{self._house.address}/a/{SLUG}").text

    def _post(self, path: str, fields: Mapping[str, str]) -> None:
        headers = {"Accept": "text/event-stream"}
        try:
            self._http.post(f"{self._house.address}/a/{SLUG}/{path}", data=dict(fields), headers=headers)
        except httpx.HTTPError:
            return  # killed under way, as intended


def losses(journal: Sequence[Asked], stored: Mapping[str, Any]) -> list[str]:
    """Where the database says otherwise than the clients' journal: turns that are lost, changed or stuck."""
    wrong = []
    for asked in journal:
        row = stored.get(asked.turn_id)
        if not asked.turn_id:
            continue  # the server never said that it has it
        if row is None:
            wrong.append(f"{asked.turn_id} is lost")
        elif row.question != asked.question:
            wrong.append(f"{asked.turn_id} holds another question")
        elif asked.ended and row.state != "done":
            wrong.append(f"{asked.turn_id} was answered and is {row.state}")
        elif asked.ended and not (row.answer.strip() and row.answer.strip() in asked.answer):
            wrong.append(f"{asked.turn_id} holds another answer than was sent")
        elif row.state in ("pending", "streaming"):
            wrong.append(f"{asked.turn_id} is stuck as {row.state}")
    return wrong
