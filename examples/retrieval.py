"""Programs as documents for a LangChain retriever, found by the warehouse's own full-text index.

    python -m examples.retrieval "rural family medicine in French"

No model, no embedding and no service is needed: the index of the database ranks the texts, in both languages. A
question is more than keywords, so that its words are looked up one by one too, and a program that many rare words lead
to comes first (reciprocal rank fusion, weighted by rarity). Contact details never enter a document: they are taken out
when the release is read, when a text is indexed, and once more here.

References
----------
G. V. Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank
learning methods", SIGIR 2009.
"""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict

import carms_lib as carms
import pandas as pd
from carms_lib.exceptions import ArgumentError
from carms_lib.schemas import redact_contacts
from carms_lib.warehouse import Warehouse
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

# Words that lead nowhere, in the languages of the pages.
IDLE = frozenset(
    re.findall(
        r"\w+",
        "a an and are at be by can do does for from have how i in is it of on or program programs residency seats that "
        "the there to want what where which who with would au aux avec ce dans de des du en est et il la le les ou où "
        "par pas pour programme programmes qu que quel quelle quels quelles qui résidence sont sur un une y",
    )
)
DEPTH = 1_000  # texts looked at for each word, the most that the warehouse gives at once
RANK = 60  # how slowly the weight of a place falls; the value of the paper


class ProgramRetriever(BaseRetriever):
    """Find programs for a question; each document is one program, with its facts and the passages that were found."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    warehouse: Warehouse
    k: int = Field(default=5, ge=1, le=50)
    language: str | None = None
    release: str | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        del run_manager  # it reports what models do
        scores: dict[str, float] = defaultdict(float)
        passages: dict[str, dict[str, str]] = defaultdict(dict)
        for weight, found in self._findings(query):
            best = found.drop_duplicates("program_stream_id")
            for place, program in enumerate(best["program_stream_id"], start=1):
                scores[program] += weight / (RANK + place)
            for row in found.itertuples():
                passages[row.program_stream_id].setdefault(row.section_key, row.snippet)
        ranked = sorted(scores, key=lambda program: (-scores[program], program))[: self.k]
        return [self._document(program, passages[program], scores[program]) for program in ranked]

    def _findings(self, query: str) -> list[tuple[float, pd.DataFrame]]:
        """Return what the whole question finds, and each of its words, with a weight that grows with rarity."""
        words = {word.casefold() for word in re.findall(r"[^\W\d_]{2,}", query)} - IDLE
        asked = [query, *sorted(words)] if words else [query]
        findings = []
        for text in asked:
            try:
                found = self.warehouse.search(text, language=self.language, release=self.release, limit=DEPTH)
            except ArgumentError:  # nothing but punctuation
                continue
            findings.append((math.log(1 + DEPTH / max(1, len(found))), found))
        return findings

    def _document(self, program_stream_id: str, passages: dict[str, str], score: float) -> Document:
        program = self.warehouse.history(program_stream_id).iloc[-1]
        facts = (
            f"{program['discipline']} at {program['school']}, {program['site']} ({program['site_province']}). "
            f"{program['stream']}; {program['quota']} seats; language {program['language']}; "
            f"applications in the last five years {program['applications_band']}; "
            f"applicants interviewed {program['interview_band']} %."
        )
        texts = [f"{section.replace('_', ' ')}: {text}" for section, text in passages.items() if section != "facts"]
        return Document(
            id=program_stream_id,
            page_content=redact_contacts("\n".join([facts, *texts])),
            metadata={
                "program_stream_id": program_stream_id,
                "release": program["release_id"],
                "discipline": program["discipline"],
                "school": program["school"],
                "province": program["site_province"],
                "score": round(score, 6),
            },
        )


if __name__ == "__main__":
    with carms.open_warehouse("sqlite://") as warehouse:
        warehouse.upgrade()
        warehouse.write(carms.build(carms.load_release(*sys.argv[2:3])))
        for document in ProgramRetriever(warehouse=warehouse).invoke(sys.argv[1]):
            print(document.page_content, end="\n\n")
