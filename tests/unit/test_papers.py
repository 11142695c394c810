"""Papers: JATS and NLM XML, and PDFs set as papers are, with title, authors, section and page kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from archivekit import items, skipped, write_folder

from inhouse.content.bylines import names_in
from inhouse.content.values import Item
from inhouse.core.passages import Credit

JATS = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.2 20190208//EN" "JATS-journalpublishing1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML" article-type="research-article" xml:lang="en">
<front>
 <journal-meta><journal-title-group><journal-title>Journal of Glazing</journal-title></journal-title-group></journal-meta>
 <article-meta>
  <article-id pub-id-type="pmid">123</article-id><article-id pub-id-type="doi">10.1000/glaze.7</article-id>
  <title-group><article-title>Does slow cooling reduce <italic>crazing</italic>?</article-title><subtitle>A trial</subtitle></title-group>
  <contrib-group>
   <contrib contrib-type="author"><name><surname>Mori</surname><given-names>Aiko</given-names></name><xref ref-type="aff">1</xref></contrib>
   <contrib contrib-type="author"><collab>The Kiln Group<contrib-group><contrib><name><surname>Tan</surname></name></contrib></contrib-group></collab></contrib>
   <contrib contrib-type="editor"><name><surname>Ed</surname><given-names>I.</given-names></name></contrib>
  </contrib-group>
  <pub-date pub-type="ppub"><year>2020</year></pub-date>
  <pub-date pub-type="epub"><day>3</day><month>2</month><year>2019</year></pub-date>
  <abstract><sec><title>Background</title><p>Glazes craze.</p></sec><sec><title>Results</title><p>Crazing fell (<italic>P</italic>&#160;&lt; 0.01).</p></sec></abstract>
  <abstract abstract-type="toc"><p>In brief.</p></abstract>
  <trans-abstract xml:lang="fr"><p>En bref.</p></trans-abstract>
 </article-meta>
</front>
<body>
 <sec><title>Methods</title><p>We fired 40 pots at 1,220&nbsp;&deg;C.<sup><xref ref-type="bibr" rid="r1">1</xref>,<xref ref-type="bibr" rid="r2">2</xref></sup> Half cooled slowly.</p>
  <sec><title>Statistics</title><p>We used <inline-formula><alternatives><tex-math>\\chi^2</tex-math><mml:math><mml:msup><mml:mi>χ</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math></alternatives></inline-formula>, as before [<xref ref-type="bibr" rid="r1">1</xref>]:
   <list><list-item><p>for counts</p></list-item><list-item><p>for shares</p></list-item></list> and no other test.</p></sec></sec>
 <sec><title>Results</title><p>Fewer pots crazed.</p>
  <fig id="f1"><label>Figure 1.</label><caption><title>Crazing</title><p>By cooling.</p></caption><graphic xlink:href="f1.png"/></fig>
  <table-wrap><label>Table 1</label><caption><p>Pots crazed</p></caption><table>
   <thead><tr><th>Cooling</th><th>Glaze</th><th>Crazed</th></tr></thead>
   <tbody><tr><td rowspan="2">slow</td><td>ash</td><td>2</td></tr><tr><td>tin</td><td>1</td></tr></tbody></table><table-wrap-foot><fn><p>foot</p></fn></table-wrap-foot></table-wrap></sec>
</body>
<back><ack><p>Thanks.</p></ack><ref-list><title>References</title><ref id="r1"><mixed-citation>Old A. 1990.</mixed-citation></ref></ref-list>
<app-group><app><title>Appendix A</title><p>All firings.</p></app></app-group></back>
<sub-article><front-stub/><body><p>A review.</p></body></sub-article>
</article>"""


def paper(folder: Path, name: str, content: str | bytes) -> Item:
    (item,) = items(write_folder(folder, {name: content}))
    assert isinstance(item, Item)
    return item


def told(item: Item) -> list[tuple[str | None, str]]:
    return [(section.place.heading, section.text) for section in item.sections]


def test_jats_keeps_who_wrote_it_where_it_appeared_and_its_address(tmp_path: Path) -> None:
    item = paper(tmp_path, "glaze.nxml", JATS)
    assert item.title == "Does slow cooling reduce crazing?: A trial"
    assert item.credit == Credit(
        authors=("Aiko Mori", "The Kiln Group"), journal="Journal of Glazing", year=2019
    )
    assert (item.url, item.published_at) == (
        "https://doi.org/10.1000/glaze.7",
        datetime(2019, 2, 3, tzinfo=UTC),
    )
    assert (item.key, item.language) == ("glaze.nxml", "en")


def test_jats_keeps_sections_captions_and_tables_and_leaves_references_out(tmp_path: Path) -> None:
    assert told(paper(tmp_path, "glaze.xml", JATS)) == [
        ("Abstract > Background", "Glazes craze."),
        ("Abstract > Results", "Crazing fell (P < 0.01)."),
        ("Methods", "We fired 40 pots at 1,220 °C. Half cooled slowly."),
        (
            "Methods > Statistics",
            "We used χ2, as before [1]:\n\n- for counts\n- for shares\n\nand no other test.",
        ),
        (
            "Results",
            "Fewer pots crazed.\n\nFigure 1. Crazing. By cooling.\n\nTable 1. Pots crazed.\n\n"
            "Cooling | Glaze | Crazed\nslow | ash | 2\nslow | tin | 1",
        ),
        ("Appendix A", "All firings."),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_set_of_articles_becomes_one_document_each(tmp_path: Path, encoding: str) -> None:
    one = "<article article-type='x'><front><article-meta><article-id pub-id-type='pmc'>{0}</article-id></article-meta></front><body><p>Number {0}.</p></body></article>"
    text = f"<?xml version='1.0' encoding='{encoding}'?><pmc-articleset>{one.format(7)}{one.format(8)}</pmc-articleset>"
    found = items(write_folder(tmp_path, {"set.xml": text.encode(encoding)}))
    assert [(item.key, item.title) for item in found] == [
        ("set.xml#https://pmc.ncbi.nlm.nih.gov/articles/PMC7", "set 1"),
        ("set.xml#https://pmc.ncbi.nlm.nih.gov/articles/PMC8", "set 2"),
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><article article-type="r"><front/><body><p>&x;</p></body></article>',
            "entities",
        ),
        ('<article article-type="r"><front/><body><p>open', "well-formed"),
        (
            '<article article-type="r"><front/>' + "<sec>" * 5000 + "</sec>" * 5000 + "</article>",
            "well-formed",
        ),
        ('<article article-type="r"><front/><body/></article>', "no text"),
    ],
)
def test_a_paper_that_cannot_be_read_says_why(tmp_path: Path, text: str, word: str) -> None:
    (reason,) = skipped(write_folder(tmp_path, {"a.xml": text})).values()
    assert word in reason


def test_a_document_type_elsewhere_is_never_fetched(tmp_path: Path) -> None:
    (tmp_path / "own.dtd").write_text('<!ENTITY pot "leaked">')
    text = f'<!DOCTYPE article SYSTEM "{tmp_path}/own.dtd"><article dtd-version="1"><front/><body><p>A &pot; of 5 &micro;m.</p></body></article>'
    assert told(paper(tmp_path / "in", "a.xml", text)) == [(None, "A of 5 µm.")]


def test_other_articles_are_no_papers(tmp_path: Path) -> None:
    feed = "<?xml version='1.0'?><rss version='2.0'><channel><item><guid>1</guid><title>Post</title><description>Words.</description></item></channel></rss>"
    docbook = '<article xmlns="http://docbook.org/ns/docbook"><para>Words.</para></article>'
    folder = write_folder(tmp_path, {"feed.xml": feed, "book.xml": docbook})
    assert [item.title for item in items(folder)] == ["Post"]
    assert "book.xml" in skipped(folder)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Aiko Mori1, Bo de Vries2,* and C. J. O’Neill", ["Aiko Mori", "Bo de Vries", "C. J. O’Neill"]),
        ("Yunus Özen a,b,n, Nihan Akın a", ["Yunus Özen", "Nihan Akın"]),
        ("Aiko Mori, MD, PhD; Bo Tan", ["Aiko Mori", "Bo Tan"]),
        ("Department of Ceramics, University of Kyoto", []),
        ("Slow cooling was found to help.", []),
        ("Received 3 May 2019", []),
        ("", []),
    ],
)
def test_a_byline_is_told_from_an_address(line: str, names: list[str]) -> None:
    assert names_in(line) == names


class Page:
    """A page of a PDF, written by hand: each line with its place, size and weight."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def put(self, text: str, x: float, y: float, size: float = 10, bold: bool = False) -> Page:
        self.lines.append(f"BT /F{2 if bold else 1} {size} Tf {x} {y} Td ({text}) Tj ET")
        return self

    def column(self, lines: list[str], x: float, y: float, size: float = 10) -> Page:
        for at, text in enumerate(lines):
            self.put(text, x, y - 12 * at, size)
        return self


def pdf(*pages: Page, about: str = "") -> bytes:
    objects = ["<</Type/Catalog/Pages 2 0 R>>"]
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>")
    objects += [f"<</Type/Font/Subtype/Type1/BaseFont/{name}>>" for name in ("Times-Roman", "Times-Bold")]
    for number, page in enumerate(pages):
        stream = "\n".join(page.lines)
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {6 + 2 * number} 0 R"
            "/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj{text}endobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return f"{body}{table}trailer<</Info<<{about}>>/Root 1 0 R/Size {len(objects) + 1}>>\nstartxref\n{len(body)}\n%%EOF".encode()


def set_as_a_paper() -> bytes:
    """Three pages, two columns drawn row by row, with running heads, page numbers and references."""
    left = [
        "Glazes craze as they cool, and potters have",
        "long held that slow cool-",
        "ing helps. We tested it on",
        "forty pots.",
    ]
    right = [
        "Half of the pots cooled for a day, the",
        "others for an hour, in the same kiln and",
        "under the same glaze. All were",
        "looked at by two potters.",
    ]
    first = Page().put("Journal of Glazing 7 \\(2019\\) 1-3", 72, 760, 8)
    first.put("Slow cooling and crazing:", 150, 700, 18).put("a trial", 250, 680, 18)
    first.put("Aiko Mori1 and Bo Tan2", 200, 655, 11).put("1 Institute of Clay, Kyoto", 210, 640, 8)
    first.put("Abstract", 72, 615, 12, bold=True)
    first.column(
        [
            "We cooled forty pots slowly or fast. Fewer of the slow ones crazed, and none of them broke at all."
        ],
        72,
        600,
    )
    first.put("1 Introduction", 72, 570, 12, bold=True).put("2 Methods", 320, 570, 12, bold=True)
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        first.put(one, 72, 555 - 12 * at).put(other, 320, 555 - 12 * at)
    first.put("1", 300, 30, 8)
    second = (
        Page().put("Journal of Glazing 7 \\(2019\\) 1-3", 72, 760, 8).put("3 Results", 72, 720, 12, bold=True)
    )
    second.column(
        [
            "Of the slow pots 2 crazed, of the fast ones 11. The difference was",
            "significant. It was seen in ash glazes and, as the next page goes on to",
        ],
        72,
        705,
    ).put("2", 300, 30, 8)
    third = Page().put("Journal of Glazing 7 \\(2019\\) 1-3", 72, 760, 8)
    third.column(["say, in tin glazes. Nothing broke."], 72, 720)
    third.put("References", 72, 680, 12, bold=True)
    third.column(
        ["1. Old A. Crazing. Kilns 1990; 1: 2.", "2. Older B. Cooling. Kilns 1985; 3: 4."], 72, 665
    ).put("3", 300, 30, 8)
    return pdf(first, second, third)


def test_a_paper_in_pdf_keeps_title_authors_sections_and_pages(tmp_path: Path) -> None:
    item = paper(tmp_path, "scan-17.pdf", set_as_a_paper())
    assert item.title == "Slow cooling and crazing: a trial"
    assert item.credit == Credit(authors=("Aiko Mori", "Bo Tan"))
    assert [(s.place.page, s.place.heading, s.text) for s in item.sections] == [
        (
            1,
            "Abstract",
            "We cooled forty pots slowly or fast. Fewer of the slow ones crazed, and none of them broke at all.",
        ),
        (
            1,
            "1 Introduction",
            "Glazes craze as they cool, and potters have long held that slow cooling helps. We tested it on forty pots.",
        ),
        (
            1,
            "2 Methods",
            "Half of the pots cooled for a day, the others for an hour, in the same kiln and under the same glaze. "
            "All were looked at by two potters.",
        ),
        (
            2,
            "3 Results",
            "Of the slow pots 2 crazed, of the fast ones 11. The difference was significant. It was seen in ash glazes and, "
            "as the next page goes on to say, in tin glazes.",
        ),
        (3, "3 Results", "Nothing broke."),
    ]


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("D:20150206134713", datetime(2015, 2, 6, 13, 47, 13, tzinfo=UTC)),
        ("D:20090626094504+03'00'", datetime(2009, 6, 26, 6, 45, 4, tzinfo=UTC)),
        ("last spring", None),
    ],
)
def test_a_date_without_a_zone_or_sense_stops_no_import(
    tmp_path: Path, date: str, moment: datetime | None
) -> None:
    made = pdf(
        Page().put("Some words.", 72, 700),
        about=f"/CreationDate({date})/Author(Aiko Mori)/Title(Microsoft Word - x.doc)",
    )
    item = paper(tmp_path, "a-note.pdf", made)
    assert (item.published_at, item.title, item.credit) == (moment, "a note", Credit(authors=("Aiko Mori",)))


def test_a_section_called_references_that_lists_none_is_kept(tmp_path: Path) -> None:
    page = Page().column(
        ["We are a small studio and make pots of every kind for every kitchen."] * 4, 72, 700
    )
    page.put("References", 72, 600, 14, bold=True).column(["Ask our customers; they will tell you."], 72, 580)
    assert [s.text for s in paper(tmp_path, "about.pdf", pdf(page)).sections][
        -1
    ] == "Ask our customers; they will tell you."
