"""Blocks say the same in HTML and in Markdown, and the HTML page needs nothing but itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from carms_lib.memo.blocks import Answer, Figure, Heading, Items, Paragraph, Preformatted, TableBlock
from carms_lib.memo.forms import to_html, to_markdown
from carms_lib.memo.numbers import change, count, share, with_band

BLOCKS = [
    Heading("What a < b & c mean"),
    Answer(("The **first** sentence.", "The second.")),
    Paragraph("Prose with **weight**."),
    Paragraph("A quiet **note**.", quiet=True),
    Items(("one", "**two** & three")),
    TableBlock(("Figure", "Published"), (("a | b", "1,000"), ("c", "**no**"))),
    Figure("seats", "A caption.", 'Said of "it"'),
    Preformatted("line <1>\n  line 2"),
]
PICTURES = {"seats": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}


VOID = {"meta", "img", "br", "hr", "link"}


class Reader(HTMLParser):
    """Collects tags, attributes and text; complains of a tag that is not closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_html_is_well_formed_and_escapes_what_it_is_given():
    page = read(to_html("A <title>", "for & by", BLOCKS, PICTURES))
    assert "What a < b & c mean" in page.text
    assert "line <1>\n  line 2" in page.text
    assert "A <title>" in page.text
    assert ("alt", 'Said of "it"') in page.attributes
    assert page.tags.count("strong") == 5
    assert "**" not in page.text


def test_html_fetches_nothing():
    html = to_html("t", "s", BLOCKS, PICTURES)
    page = read(html)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    addresses = [value for name, value in page.attributes if name in {"src", "href", "srcset"}]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in addresses)
    assert not re.search(r"url\(|@import", html)


def test_html_is_made_for_phones_print_and_the_dark():
    html = to_html("t", "s", BLOCKS, PICTURES)
    assert 'name="viewport"' in html
    assert "@media print" in html
    assert "prefers-color-scheme: dark" in html


def test_a_table_says_which_cells_are_headings():
    page = to_html("t", "s", [BLOCKS[5]], {})
    assert page.count('<th scope="col" role="columnheader">') == 2
    assert page.count('<th scope="row" role="rowheader">') == 2
    assert page.count('<td role="cell" data-label="Published">') == 2
    assert "class=cards" not in page


def test_a_row_of_many_cells_becomes_a_card_on_a_telephone():
    wide = TableBlock(("Option", *"abcde"), (("one", *"12345"),))
    page = to_html("t", "s", [wide], {})
    assert "class=cards" in page
    page = to_html("t", "s", [TableBlock(("a", "b"), (("c", "**1** (0 to 2)"), ("d", "1 (of 2)")))], {})
    assert page.count('<span class="band">') == 1  # a band may stand below its estimate, and is never broken in two
    assert '<strong>1</strong> <span class="band">(0 to 2)</span></td>' in page
    assert re.search(r"@media \(max-width: 40rem\)[^@]*\.cards td::before \{ content: attr\(data-label\)", page)


def test_markdown_form_of_each_block():
    text = to_markdown("Title", "for whom", BLOCKS, "figures")
    assert text.startswith(
        "# Title\n\nfor whom\n\n## What a < b & c mean\n\n> The **first** sentence.\n>\n> The second.\n"
    )
    assert "*A quiet note.*" in text
    assert "- one\n- **two** & three" in text
    assert "| Figure | Published |\n| --- | ---: |\n| a \\| b | 1,000 |\n| c | **no** |" in text
    assert '![Said of "it"](figures/seats.svg)\n\n*A caption.*' in text
    assert text.endswith("```text\nline <1>\n  line 2\n```\n")


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (count, 3955.39, "3,955"),
        (count, -0.2, "0"),
        (count, -12.0, "−12"),
        (share, 0.4249, "42\N{NO-BREAK SPACE}%"),
        (share, 0.001, "0\N{NO-BREAK SPACE}%"),
        (change, 56.7, "+57"),
        (change, -1234.0, "−1,234"),
        (change, 0.3, "0"),
    ],
)
def test_numbers_as_words(form, value, expected):
    assert form(value) == expected


def test_an_estimate_comes_with_its_band():
    row = {"estimate": 0.52, "lower": 0.404, "upper": 0.61}
    assert with_band(row, share) == "**52\N{NO-BREAK SPACE}%** (40 to 61\N{NO-BREAK SPACE}%)"
    assert with_band({"estimate": 319, "lower": 245, "upper": 1454}) == "**319** (245 to 1,454)"
    missing = float("nan")
    assert with_band({"estimate": 3.2, "lower": missing, "upper": missing}) == "**3** (no band: too few draws)"
