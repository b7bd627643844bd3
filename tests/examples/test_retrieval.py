"""The retriever in LangChain's own chains, on the warehouse's index; no model is asked for anything."""

from __future__ import annotations

import asyncio
import re

import carms_lib as carms
import pytest

pytest.importorskip("langchain_core", reason="pip install 'carms-lib[examples]'")

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
PHONE = re.compile(r"\d{3}[ .-]\d{4}")


@pytest.fixture(scope="module")
def warehouse(released):
    with carms.open_warehouse(released, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def retriever(warehouse):
    from examples.retrieval import ProgramRetriever

    return ProgramRetriever(warehouse=warehouse, k=4)


@pytest.mark.parametrize(
    ("question", "discipline", "province"),
    [
        ("Which psychiatry programs are there in Newfoundland?", "Psychiatry", "NL"),
        ("Où sont les programmes de psychiatrie au Manitoba ?", "Psychiatry", "MB"),
        ("family medicine in Nunavut", "Family Medicine", "NU"),
    ],
)
def test_a_question_in_either_language_finds_its_program_first(retriever, question, discipline, province):
    (first, *_) = retriever.invoke(question)
    assert (first.metadata["discipline"], first.metadata["province"]) == (discipline, province)


def test_a_document_is_a_program_with_its_facts_and_ranks_do_not_tie(retriever, layers):
    documents = retriever.invoke("rural family medicine")
    program = layers.gold["program"].set_index("program_stream_id")
    assert len(documents) == len({document.id for document in documents}) == 4
    for document in documents:
        row = program.loc[document.id]
        assert f"{row['quota']} seats" in document.page_content
        assert document.metadata["school"] == row["school"]
    scores = [document.metadata["score"] for document in documents]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", ["", "???", "xyzzy plugh"])
def test_a_question_that_finds_nothing_gives_nothing(retriever, question):
    assert retriever.invoke(question) == []


def test_it_stands_in_a_chain_and_answers_asynchronously(retriever):
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnablePassthrough

    def join(documents):
        return "\n".join(document.page_content for document in documents)

    prompt = ChatPromptTemplate.from_template("Answer from these programs only:\n{programs}\n\n{question}")
    chain = {"programs": retriever | join, "question": RunnablePassthrough()} | prompt
    question = "psychiatry in Newfoundland"
    (message,) = chain.invoke(question).to_messages()
    assert "Psychiatry at Memorial University of Newfoundland" in message.content
    assert asyncio.run(retriever.ainvoke(question)) == retriever.invoke(question)


def test_a_contact_that_came_through_everything_else_stops_here(warehouse):
    from carms_lib.warehouse import Warehouse
    from examples.retrieval import ProgramRetriever

    class Leaky(Warehouse):
        def __init__(self):
            pass

        def search(self, text, **options):
            found = warehouse.search("psychiatry", limit=1)
            return found.assign(section_key="interviews", snippet="Write to jane.doe@example.org or call 416 555-0199.")

        def history(self, program_stream_id):
            return warehouse.history(program_stream_id)

    (document,) = ProgramRetriever(warehouse=Leaky()).invoke("psychiatry")
    assert "interviews: Write to" in document.page_content
    assert not EMAIL.search(document.page_content)
    assert not PHONE.search(document.page_content)
