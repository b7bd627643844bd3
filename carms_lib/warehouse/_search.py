"""Full-text search in both languages, on what each engine brings: FTS5 in SQLite, tsvector in PostgreSQL.

Belongs here: the texts that can be searched, and asking for them. Does not belong here: the indexes themselves;
migration 0003 makes them, and the engine keeps them up to date by trigger or generated column.

A query is words and "phrases in quotes"; all of them must occur in one text. Accents and case never matter.
PostgreSQL reduces words to their stems by the rules of English and of French; SQLite by those of English only.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import REGCONFIG, TSVECTOR

from carms_lib.exceptions import ArgumentError
from carms_lib.schemas import redact_contacts
from carms_lib.warehouse._frames import BuiltLayers, insert_frame
from carms_lib.warehouse.tables import TABLES
from carms_lib.warehouse.tables.facts import FACTS

__all__ = ["fold", "forget", "learn_facts", "learn_sections", "matching_programs", "read_query", "search"]

_KEY = "program_stream_id"
_LANGUAGES = ("english", "french")
_SNIPPET = 160  # characters
_CAN_BE_CONTACT = re.compile(r"@|\d[ .-]\d{4}")  # how every e-mail address and telephone number shows itself
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "‘": "'"})


def fold(text: str) -> str:
    """Return `text` in lower case without accents and ligatures."""
    lowered = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    return "".join(letter for letter in lowered if not unicodedata.combining(letter))


def read_query(text: str, argument: str = "text") -> list[list[str]]:
    """Read what a user searches for; everything but letters and digits parts words, so nothing of it is code.

    Parameters
    ----------
    text : str
        Words and "phrases in quotes".
    argument : str, default "text"
        Its name, for the message.

    Returns
    -------
    list of list of str
        One list of folded words per word or phrase; all must occur.

    Raises
    ------
    ArgumentError
        There is no word in it.
    """
    if not isinstance(text, str):
        raise ArgumentError(f'{argument}={text!r} must be a text: words, or a "phrase in quotes".')
    parts = re.findall(r'"([^"]*)"|(\S+)', text)
    phrases = [re.findall(r"[^\W_]+", fold(quoted or bare)) for quoted, bare in parts]
    phrases = [words for words in phrases if words]
    if not phrases:
        raise ArgumentError(f'{argument}={text!r} holds no word. Give words, or a "phrase in quotes".')
    return phrases


# --- what can be searched --------------------------------------------------------------------------------


def learn_facts(connection: Connection, silver: Mapping[str, pd.DataFrame], keys: pd.Series[int]) -> None:
    """Make the facts of newly opened versions searchable.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In the transaction of the write.
    silver : mapping of str to DataFrame
        The release's dimensions and facts.
    keys : Series
        program_key by program_stream_id.
    """
    program = silver["program"].loc[silver["program"][_KEY].isin(keys.index)]
    exams = silver["exam"].groupby(_KEY)["exam"].agg(" ".join)
    named = (
        program.merge(silver["discipline"], on="discipline")
        .merge(silver["school"], on="school")
        .merge(silver["site"], on=["school", "site"])
        .merge(silver["province"], left_on="site_province", right_on="province")
    )
    names = named[
        [
            "discipline",
            "discipline_fr",
            "school",
            "school_short",
            "school_fr",
            "site",
            "stream",
            "province_name",
            "province_name_fr",
        ]
    ].assign(exams=named[_KEY].map(exams))
    content = [" · ".join(str(part) for part in row if pd.notna(part)) for row in names.itertuples(index=False)]
    documents = pd.DataFrame(
        {
            "program_key": named[_KEY].map(keys),
            "section_key": FACTS,
            "release_id": named["release_id"],
            "language": "either",
            "content": [_scrub(text) for text in content],
        }
    )
    _insert(connection, documents.sort_values("program_key", ignore_index=True))


def learn_sections(
    connection: Connection, layers: BuiltLayers, silver: Mapping[str, pd.DataFrame], release_id: str
) -> None:
    """Make the texts of sections searchable, where the release was read from the published pages.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In the transaction of the write.
    layers : BuiltLayers
        With the texts in its bronze sections; missing in the bundle, and then what is kept stays.
    silver : mapping of str to DataFrame
        The release's dimensions and facts.
    release_id : str
        The release.
    """
    texts = layers.bronze["section"][["document_id", "section_key", "text"]].dropna()
    if texts.empty:
        return
    program, document = TABLES["program"], TABLES["search_document"]
    current = select(program.c.program_stream_id, program.c.program_key).where(
        program.c.release_id == release_id, program.c.valid_to.is_(None)
    )
    keys = {row.program_stream_id: row.program_key for row in connection.execute(current)}
    kept = {
        (key, section): (document_key, content)
        for document_key, key, section, content in connection.execute(
            select(document.c.document_key, document.c.program_key, document.c.section_key, document.c.content).where(
                document.c.release_id == release_id, document.c.section_key != FACTS
            )
        )
    }
    present = silver["section"][[_KEY, "section_key"]].merge(
        silver["program"][[_KEY, "document_id", "page_language"]], on=_KEY
    )
    given = texts.merge(present, on=["document_id", "section_key"]).drop_duplicates([_KEY, "section_key"])
    documents = pd.DataFrame(
        {
            "program_key": given[_KEY].map(keys),
            "section_key": given["section_key"],
            "release_id": release_id,
            "language": given["page_language"],
            "content": given["text"].map(_scrub),
        }
    ).sort_values(["program_key", "section_key"], ignore_index=True)
    before = [kept.get(pair) for pair in zip(documents["program_key"], documents["section_key"], strict=True)]
    for found, content in zip(before, documents["content"], strict=True):
        if found is not None and found[1] != content:
            connection.execute(update(document).where(document.c.document_key == found[0]).values(content=content))
    _insert(connection, documents.loc[[found is None for found in before]])


def _scrub(text: str) -> str:
    """Remove contact details, should any have passed the loaders; looks closely only where one can be.

    A NUL character, which PostgreSQL keeps in no text, is a space here.
    """
    text = text.replace("\x00", " ")
    return redact_contacts(text) if _CAN_BE_CONTACT.search(text) else text


def forget(connection: Connection, program_keys: Sequence[int]) -> None:
    """Take versions that are closed out of the search; `program_keys` are theirs."""
    document = TABLES["search_document"]
    connection.execute(delete(document).where(document.c.program_key.in_(program_keys)))


def _insert(connection: Connection, documents: pd.DataFrame) -> None:
    document = TABLES["search_document"]
    last = connection.scalar(select(func.max(document.c.document_key))) or 0
    numbered = documents.assign(document_key=range(last + 1, last + 1 + len(documents)))
    insert_frame(connection, document.name, numbered)


# --- asking ----------------------------------------------------------------------------------------------


def matching_programs(connection: Connection, phrases: list[list[str]], release_id: str) -> Select[Any]:
    """Return the keys of the programs of a release that match, as a subquery.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    phrases : list of list of str
        What `read_query` returned.
    release_id : str

    Returns
    -------
    sqlalchemy.Select
    """
    found = _found(connection, phrases, release_id).subquery("found")
    return select(found.c.program_key)


def search(
    connection: Connection, phrases: list[list[str]], release_id: str, *, language: str | None, limit: int
) -> list[tuple[Any, ...]]:
    """Return the best texts of a release.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    phrases : list of list of str
        What `read_query` returned.
    release_id : str
    language : {"en", "fr"}, optional
        Only texts of this language; facts carry both.
    limit : int

    Returns
    -------
    list of tuple
        program_stream_id, discipline, school, site, stream, section_key, language, score, snippet; the best first, then
        by program_stream_id and section_key.
    """
    program, document = TABLES["program"], TABLES["search_document"]
    found = _found(connection, phrases, release_id).subquery("found")
    asked = (
        select(
            program.c.program_stream_id,
            *(TABLES[name].c[name] for name in ("discipline", "school", "site", "stream")),
            found.c.section_key,
            document.c.language,
            found.c.score,
            document.c.content,
        )
        .join_from(found, program, program.c.program_key == found.c.program_key)
        .join(document, document.c.document_key == found.c.document_key)
    )
    for name in ("discipline", "school", "site", "stream"):
        key = f"{name}_key"
        asked = asked.join(TABLES[name], TABLES[name].c[key] == program.c[key])
    if language is not None:
        asked = asked.where(document.c.language.in_((language, "either")))
    rows = connection.execute(
        asked.order_by(found.c.score.desc(), program.c.program_stream_id, found.c.section_key).limit(limit)
    )
    return [(*row[:-1], _snippet(row[-1], phrases)) for row in rows]


def _found(connection: Connection, phrases: list[list[str]], release_id: str) -> Select[Any]:
    """Return the documents of a release that match, with their score; higher is better.

    The texts of a release are written together, so that their keys lie close. The span of these keys goes into the
    question, and the engine need not look at what it finds in other releases.
    """
    document = TABLES["search_document"]
    keys = (document.c.document_key, document.c.program_key, document.c.section_key)
    span = select(func.min(document.c.document_key), func.max(document.c.document_key))
    first, last = connection.execute(span.where(document.c.release_id == release_id)).one()
    if connection.dialect.name == "sqlite":
        index = table("search_index", column("rowid"), column("search_index"))
        match = " AND ".join('"' + " ".join(phrase) + '"' for phrase in phrases)
        score = -literal_column("bm25(search_index)", Float)  # the engine ranks the best lowest
        return (
            select(*keys, score.label("score"))
            .join_from(index, document, index.c.rowid == document.c.document_key)
            .where(
                index.c.search_index.op("MATCH")(match),
                index.c.rowid.between(first, last),
                # as an expression, so that the planner begins with the words and not with every text of the release
                document.c.release_id.concat("") == release_id,
            )
        )
    vector = literal_column("search_document.vector", TSVECTOR)
    english, french = (_tsquery(phrases, language) for language in _LANGUAGES)
    query = english.op("||")(french)
    return select(*keys, func.ts_rank_cd(vector, query).label("score")).where(
        vector.op("@@")(query), document.c.document_key.between(first, last), document.c.release_id == release_id
    )


def _tsquery(phrases: list[list[str]], language: str) -> ColumnElement[Any]:
    parts = [func.phraseto_tsquery(cast(language, REGCONFIG), " ".join(phrase)) for phrase in phrases]
    return functools.reduce(lambda one, other: one.op("&&")(other), parts)


@functools.lru_cache(maxsize=4096)
def _folded_letter(letter: str) -> str:
    """Return one letter for one: the first of what it folds to."""
    return (fold(letter) or " ")[0]


def _snippet(content: str, phrases: list[list[str]]) -> str:
    """Return the part of a text around the first word that was asked for, on one line."""
    line = " ".join(content.split())
    folded = "".join(map(_folded_letter, line))  # letter by letter, so that places agree
    places = [found.start() for found in (re.search(rf"\b{phrase[0]}", folded) for phrase in phrases) if found]
    start = max(0, min(places, default=0) - _SNIPPET // 4)
    end = start + _SNIPPET
    return ("…" if start else "") + line[start:end].strip() + ("…" if end < len(line) else "")
