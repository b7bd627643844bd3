"""What a page's prose states in numbers: a quota beside the header's, and weights of the criteria.

Belongs here: reading the few statements whose form is plain enough to be read without guessing. Does not belong
here: labels that the publisher's system prints (`page_readers`), or deciding which of two quotas counts; the header's
does, and the transforms keep the other beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .sections import fold, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
from itertools import pairwise

_QUOTA_LINE = re.compile(r"^[ \t*_#]*(20\d\d)\s+Quota\s*:[ \t]*(\S[^\n]*)", re.MULTILINE | re.IGNORECASE)
_NUMBER_WORDS = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "un deux trois quatre cinq six sept huit neuf dix onze douze",
        "une",
    )
    for number, word in enumerate(words.split(), start=1)
}
_NUMBER = rf"(?P<number>\d{{1,3}}|{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})"
_POSITIONS = re.compile(
    rf"(?<![\w–-]){_NUMBER}(?:\s*\(\w+\))?\s+(?P<what>(?:[\w&'’-]+\s+){{0,5}}?)"
    r"(?:positions?|spots?|seats?|places|postes?|residents?)\b",
    re.IGNORECASE,
)
_OF_A_KIND = re.compile(rf"(?<![\w–-]){_NUMBER}\s+(?P<kind>CMG|IMG|DCM|DIM|Competitive)\b", re.IGNORECASE)
# A sentence with one of these speaks of several sites, of other years of training, or of a usual number.
_VAGUE = re.compile(
    r"\b(?:each|total|sites?|campus(?:es)?|fellowships?|PGY-?[2-9]|R-?[2-9]|typically|usually|approximately|up to|"
    r"interview(?:s|ed)?|chaque|environ)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b20\d\d\b")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_BREAK = re.compile(r"[ \t]{2,}\n|\n[ \t]*\n|\n(?=[ \t]*(?:[*•>]|\\?-|\d+\\?\.)[ \t])")
_EMPHASIS = re.compile(r"[*_\\>]+")
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_PERCENT = re.compile(r"(?P<range>\d+\s*[\u2010-\u2013-]\s*)?(?<![\d.,])(?P<value>\d{1,3}(?:[.,]\d+)?)\s*%\)?")
_BULLET = re.compile(r"^(?:[*•>#\s]|\\?-\s|\d+\\?\.\s)+")


def stated_quota(bodies: Mapping[str, str], stream: str | None, match_name: str | None) -> str | None:
    """Return the number of positions that the body states for this match and stream.

    Two forms count: a line "2025 Quota: 14 CMG, 1 Competitive", and a sentence that gives one number of positions
    for the year of the match ("will have two positions for the 2025 match"). A number for several sites or streams
    together, for another year, or for every year is no statement of this quota.

    Parameters
    ----------
    bodies : mapping of str to str
        Section key -> body.
    stream, match_name : str or None
        As printed in the header.

    Returns
    -------
    str or None
        Digits, also where the page prints a word; the first statement found, in page order.
    """
    year = _YEAR.search(match_name or "")
    if not year or not stream:
        return None
    kind = _kind(stream)
    for body in bodies.values():
        for line in _QUOTA_LINE.finditer(body):
            if line[1] == year[0] and (number := _of_kind(line[2], kind)):
                return number
        for sentence in _sentences(body, year[0]):
            if set(_YEAR.findall(sentence)) <= {year[0]} and not _VAGUE.search(sentence):
                if number := _of_kind(sentence, kind):
                    return number
                found = list(_POSITIONS.finditer(sentence))
                if len(found) == 1 and kind in ("cmg", "regular") and not _OF_A_KIND.search(sentence):
                    return _digits(found[0]["number"])
    return None


def stated_weights(body: str) -> str | None:
    """Return the weights of the selection criteria, where a list or paragraph gives weights that add to 100 %.

    Parameters
    ----------
    body : str
        Body of the section on selection criteria.

    Returns
    -------
    str or None
        What is printed beside each percentage, joined with "; ". The first list or paragraph whose percentages add
        to exactly 100 is taken, else the whole section if its percentages do. Bounds of a range ("51 - 75 %") are
        no weights.
    """
    blocks = [block for block in _PARAGRAPHS.split(body) if "%" in block and _PERCENT.search(block)]
    for block in [*blocks, "\n\n".join(blocks)]:
        weights = [float(match["value"].replace(",", ".")) for match in _weights(block)]
        if len(weights) > 1 and abs(sum(weights) - 100) < 1e-9:
            return "; ".join(fragment for item in _BREAK.split(block) for fragment in _fragments(item)) or None
    return None


def _kind(stream: str) -> str:
    folded = fold(stream)
    for kind, marks in (("competitive", ("competitive",)), ("img", ("img", "dim")), ("cmg", ("cmg", "dcm"))):
        if any(re.search(rf"\b{mark}\b", folded) for mark in marks):
            return kind
    return "regular"


def _of_kind(text: str, kind: str) -> str | None:
    numbers = {
        {"dcm": "cmg", "dim": "img"}.get(fold(match["kind"]), fold(match["kind"])): match["number"]
        for match in _OF_A_KIND.finditer(text)
    }
    return _digits(numbers[kind]) if kind in numbers else None


def _digits(number: str) -> str:
    return number if number.isdecimal() else str(_NUMBER_WORDS[fold(number)])


def _sentences(body: str, year: str) -> Iterable[str]:
    """Yield the sentences of a body that name `year`."""
    for block in body.split("\n\n"):
        if year in block:
            for item in _BREAK.split(block):
                sentences = _SENTENCE_END.split(unwrap(_EMPHASIS.sub("", item)))
                yield from (sentence for sentence in sentences if year in sentence)


def _weights(text: str) -> Iterable[re.Match[str]]:
    return (match for match in _PERCENT.finditer(text) if not match["range"])


def _fragments(item: str) -> Iterable[str]:
    """Yield what stands beside each percentage of a list item or sentence."""
    for clause in re.split(r"(?<=[.;!?])\s+", unwrap(_BULLET.sub("", _EMPHASIS.sub("", item)))):
        weights = list(_weights(clause))
        if not weights:
            continue
        # "15 % for A and 35 % for B" is cut before each percentage, "A (15 %) and B (35 %)" after it.
        first = weights[0].end()
        if re.match(r"\s*(?:pour|for|of)\b", clause[first:]) and _end_of_parenthesis(clause, first) == first:
            cuts = [0, *(weight.start() for weight in weights[1:]), len(clause)]
        else:
            cuts = [0, *(_end_of_parenthesis(clause, weight.end()) for weight in weights[:-1]), len(clause)]
        for start, end in pairwise(cuts):
            fragment = re.sub(
                r"^(?:[\s,;:.)-]|(?:and|et)\b)+|[\s,;:.(-]+$|(?:\s+(?:and|et))+\s*$", "", clause[start:end]
            )
            if fragment:
                yield fragment


def _end_of_parenthesis(clause: str, end: int) -> int:
    """Return `end`, or where the parenthesis that is open there closes: "(50 % of the total)" stays whole."""
    if clause[:end].count("(") > clause[:end].count(")"):
        closes = clause.find(")", end)
        return closes + 1 if closes >= 0 else end
    return end
