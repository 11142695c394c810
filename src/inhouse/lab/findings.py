"""Yes/no questions on the abstracts of medical papers (PubMedQA, MIT): what teaches and tests a verdict.

What a paper concludes (``LONG_ANSWER``) is never read: the question has to be decided from what is reported. The halves
are told by the hash of the paper's number and never change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from inhouse.core.ids import digest
from inhouse.lab import datasets
from inhouse.lab.readings import Split
from inhouse.runtime.research.deciding import VERDICTS, Verdict


@dataclass(frozen=True)
class Finding:
    """One question with its paper's abstract, part by part (heading, text), without the conclusion."""

    number: str
    """The paper's number in PubMed."""
    question: str
    parts: tuple[tuple[str, str], ...]
    year: str
    verdict: Verdict

    @property
    def abstract(self) -> str:
        """All parts as one text."""
        return " ".join(text for _, text in self.parts)


def findings(data: Path, split: Split) -> list[Finding]:
    """Half of the questions, in the order of their hashes."""
    rows = json.loads(datasets.read(data / "pubmedqa" / "pqal-even.json"))
    numbers = sorted(rows, key=digest)
    half = len(numbers) // 2
    return [
        _finding(number, rows[number]) for number in (numbers[:half] if split == "tune" else numbers[half:])
    ]


def _finding(number: str, row: dict[str, object]) -> Finding:
    labels, texts, verdict = row["LABELS"], row["CONTEXTS"], row["final_decision"]
    assert isinstance(labels, list) and isinstance(texts, list) and verdict in VERDICTS
    parts = tuple((str(label).capitalize(), str(text)) for label, text in zip(labels, texts, strict=True))
    return Finding(number, str(row["QUESTION"]), parts, str(row["YEAR"] or ""), verdict)


def title_of(finding: Finding) -> str:
    """A paper's name here. Its real title is the question, which would give the paper away to any search."""
    return f"PubMed {finding.number}"


def jats(finding: Finding) -> bytes:
    """The abstract as a paper in JATS XML."""
    article = etree.Element(
        "article", {"article-type": "research-article", "{http://www.w3.org/XML/1998/namespace}lang": "en"}
    )
    meta = etree.SubElement(etree.SubElement(article, "front"), "article-meta")
    etree.SubElement(meta, "article-id", {"pub-id-type": "pmid"}).text = finding.number
    etree.SubElement(etree.SubElement(meta, "title-group"), "article-title").text = title_of(finding)
    if finding.year:
        etree.SubElement(etree.SubElement(meta, "pub-date", {"pub-type": "ppub"}), "year").text = finding.year
    abstract = etree.SubElement(meta, "abstract")
    for heading, text in finding.parts:
        part = etree.SubElement(abstract, "sec")
        etree.SubElement(part, "title").text = heading
        etree.SubElement(part, "p").text = text
    return bytes(etree.tostring(article, xml_declaration=True, encoding="UTF-8"))


def write_papers(found: Sequence[Finding], folder: Path) -> None:
    """Each paper as a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for finding in found:
        (folder / f"{finding.number}.nxml").write_bytes(jats(finding))
