"""A small release with invented people and programs, in every form in which a release is published.

Everything in it is made up: names, numbers (555-01xx) and addresses (example.org). Shapes, labels, wrapping and
line ends are those of the published pages.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import openpyxl

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = {
    "program_contacts": ("Program Contacts", "Personnes à contacter"),
    "important_information": ("Important Information", "Information importante"),
    "general_instructions": ("General Instructions", "Instruction generale"),
    "supporting_documentation_information": (
        "Supporting Documentation / Information",
        "Documents / Information à l\u2019appui",
    ),
    "review_process": ("Review Process", "Processus d'examen des candidatures"),
    "interviews": ("Interviews", "Entrevues"),
    "selection_criteria": ("Selection Criteria", "Critères de sélection"),
    "program_curriculum": ("Program Curriculum", "Programme d'étude"),
    "summary_of_changes": ("Summary of changes", "Résumé des modifications"),
}
ALL_KEYS = (
    *("program_contacts", "important_information", "return_of_service", "general_instructions"),
    *("supporting_documentation_information", "review_process", "interviews", "selection_criteria"),
    *("program_highlights", "program_curriculum", "training_sites", "additional_information", "faq"),
    "summary_of_changes",
)


@dataclass(frozen=True)
class Program:
    """One invented program: its master row and its page."""

    program_stream_id: str
    language: str = "en"
    school: str = "Northern University"
    discipline: str = "Family Medicine"
    site: str = "Lakeside"
    stream: str = "CMG Stream for CMG"
    quota: str = "4"
    applications_band: str = "51 - 200"
    applications_note: str = ""
    interview_band: str = "26 - 50"
    interview_note: str = ""
    director: str = "Dr. Ada Quill"
    contact: str = "Bo Larkspur"
    sections: dict[str, str] = field(default_factory=dict)
    release: str = "1503"

    @property
    def document_id(self) -> str:
        return f"{self.release}-{self.program_stream_id}"

    @property
    def url(self) -> str:
        return f"https://pages.example.org/phoenix/program/{self.release}/{self.program_stream_id}?programLanguage=en"

    def with_section(self, key: str, body: str) -> Program:
        return replace(self, sections={**self.sections, key: body})

    def bodies(self) -> dict[str, str]:
        return {**(_english if self.language == "en" else _french)(self), **self.sections}

    def preamble(self) -> tuple[str, str, str]:
        """Title, header and contact block."""
        title = f"#  {self.school} - {self.discipline} - {self.site}  "
        if self.language == "en":
            header = (
                f"#  2025 R-1 Main Residency Match - first iteration  \n{self.stream}  \n\n"
                "##  Last approved on October 15, 2024\n\nSummary of changes\n\n"
                f"## Approximate Quota: {self.quota}\n\n##  Accreditation status : Accredited\n\n"
                "##  [Provincial Criteria](https://pages.example.org/match/eligibility-\ncriteria/)"
            )
            contact = (
                f"Program Director {self.director}  \n\nAddress Family Medicine  \n1 Example Road  \n"
                "Lakeside, Ontario, K1A 0B1  \n\nWork  (416) 555-0100 ext. 12\n\nFax  416-555-0101"
            )
        else:
            header = (
                f"#  Jumelage principal R-1 de 2025 - premier tour  \n{self.stream}  \n\n"
                "##  Approuve le October 15, 2024\n\nSummary of changes\n\n"
                f"## Quota approximatif: {self.quota}\n\n"
                "##  Statut d\u2019agrément : Agréé selon des arrangements conjoints entre les\ninstitutions"
            )
            contact = (
                f"Directeur de programme {self.director}  \n\nAdresse Médecine familiale  \n1, rue Exemple  \n"
                "Rivière, Québec, G1A 0A1  \n\nTravail  418-555-0102 poste 53315"
            )
        return title, header, contact

    def markdown(self, *, footer: bool = True) -> str:
        title, header, contact = self.preamble()
        parts = [f"{title}\n\n{header}\n\nPrint copy link\n\n", f"\n\n{contact}\n\n"]
        which = 0 if self.language == "en" else 1
        parts += [f"\n\n# {HEADINGS[key][which]}\n\n{body}\n\n" for key, body in self.bodies().items()]
        text = "* * *".join(parts).lstrip()
        if footer:
            text += f"\n\nSource: {self.url}\nID: {self.document_id}"
        return text

    def page_bytes(self) -> bytes:
        return self.markdown().replace("\n", "\r\n").encode()

    def json_record(self, *, with_id: bool = True) -> dict[str, Any]:
        record: dict[str, Any] = {
            "page_content": self.markdown(footer=False),
            "metadata": {"source": self.url},
        }
        return {"id": f"{self.release}|{self.program_stream_id}", **record} if with_id else record

    def csv_record(self, place: int) -> dict[str, str]:
        title, header, contact = self.preamble()
        bodies = self.bodies()
        cells = {key: bodies.get(key, "") for key in ALL_KEYS if key != "important_information"}
        contracts = cells.pop("program_contacts")
        return {
            "": str(place),
            "document_id": self.document_id,
            "source": self.url,
            "n_program_description_sections": str(2 + len(bodies)),
            "program_name": title.removeprefix("#").strip(),
            "match_iteration_name": f"{header}\n\n* * *\n\n{contact}",
            "program_contracts": contracts,
            **cells,
            "match_iteration_id": self.release,
            "program_description_id": self.program_stream_id,
        }

    def master_row(self) -> dict[str, str]:
        return {
            "": "",
            "discipline_id": "27",
            "discipline_name": self.discipline,
            "school_id": "99",
            "school_name": self.school,
            "program_stream_id": self.program_stream_id,
            "program_stream_name": f"{self.site} - {self.stream}",
            "program_site": self.site,
            "program_stream": self.stream,
            "program_name": f"{self.school} / {self.discipline} / {self.site} / {self.stream}",
            "program_url": self.url,
        }


def _english(program: Program) -> dict[str, str]:
    return {
        "program_contacts": (
            f"Name: {program.contact}\n\nTitle: Program Administrator\n\nEmail: office@example.org\n\n"
            "Phone: (416) 555-0103\n\n  "
        ),
        "general_instructions": "Program application language: English\n\nWelcome.",
        "supporting_documentation_information": (
            "Examinations\n\nRequired\n\nMCCQE Part I\n\n* Score and document(s)\n\nNAC\n\n* Score\n\nCasper\n\n"
            "Reference documents\n\nRequired\n\nLetter of reference  Number requested: 3\n\n"
            "Additional documents\n\nPersonal Letter  \n\nWord count\n\nMinimum :  None\n\nMaximum :  500\n\n  "
        ),
        "review_process": "Will be considered until  \n  Will NOT be considered",
        "interviews": (
            "Dates:\n\n  * January 20, 2025\n  * January 21, 2025\n\nDetails regarding interview dates: Online.  \n  "
        ),
        "selection_criteria": (
            "\\- Interest in the discipline\n\n## File review process\n\nReview team composition : Faculty.\n\n"
            "Average number of applications received by our program in the last five years\n"
            f": {program.applications_band}  \n{program.applications_note}\n"
            f"Average percentage of applicants offered interviews : {program.interview_band} %  \n"
            f"{program.interview_note}\nEvaluation criteria :  \n\n"
            "File component | Criteria  \n---|---  \nCV |  Clear.   "
        ),
        "program_curriculum": "This residency program is for 2 years.\n\nProgram length is standard.",
        "summary_of_changes": "SUMMARY ID | Section  \n---|---",
    }


def _french(program: Program) -> dict[str, str]:
    return {
        "program_contacts": (
            f"Nom: {program.contact}\n\nTitre : Agente de gestion\n\nAdresse électronique : bureau@example.ca\n\n"
            "Téléphone: 418-555-0104 poste 403685\n\n  "
        ),
        "general_instructions": "Langue de candidature du programme :  Français",
        "supporting_documentation_information": (
            "Examens\n\nEACMC, partie I\n\n* Note\n\nCNE\n\n* Note\n\nDocuments de référence\n\nRequis\n\n"
            "Lettre de recommandation  Nombre de document(s) demandé: 2\n\n"
            "Lettre de motivation  \n\nNombre de mots\n\nMinimum :  Aucun\n\nMaximum :  1000"
        ),
        "review_process": "Les demandes soumises apr\u00e8s le d\u00e9but",
        "interviews": "Dates:\n\n  * 22 janvier 2025\n\nRenseignements concernant les dates d'entrevue : En ligne.",
        "selection_criteria": (
            "## Processus d\u2019examen des dossiers\n\nComposition de l'equipe : Trois personnes.\n\n"
            "Nombre moyen de demandes soumises au programme pendant les cinq dernières\n"
            f"années : {program.applications_band}  \n{program.applications_note}\n"
            f"Pourcentage moyen de candidats invités à une entrevue : {program.interview_band} %  \n"
            f"{program.interview_note}\nCritères d\u2019évaluation :  \n\nComposants | Critères  \n---|---"
        ),
        "program_curriculum": "Ce programme de résidence est d'une durée de 5 années.\n\nLa duree est usuelle.",
        "summary_of_changes": "SUMMARY ID | Section  \n---|---",
    }


@dataclass
class SmallRelease:
    """Files of a release in memory: file name -> content."""

    programs: tuple[Program, ...]
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def number(self) -> str:
        return self.programs[0].release

    @classmethod
    def of(cls, *programs: Program) -> SmallRelease:
        """The two workbooks of `programs`; add pages in one form or another."""
        release = cls(programs)
        discipline = {"discipline_id": "27", "discipline": "Family Medicine"}
        release.files[f"{release.number}_discipline.xlsx"] = workbook([discipline])
        release.files[f"{release.number}_program_master.xlsx"] = workbook(
            [program.master_row() for program in programs]
        )
        return release

    def with_pages(self, folder: str = "program_descriptions/") -> SmallRelease:
        pages = {f"{folder}{program.document_id}.md": program.page_bytes() for program in self.programs}
        return replace(self, files={**self.files, **pages})

    def with_page_archive(self, folder: str = "program_descriptions/") -> SmallRelease:
        pages = {f"{folder}{program.document_id}.md": program.page_bytes() for program in self.programs}
        return self.with_file("program_descriptions.zip", zipped(pages))

    def with_json(self, *, with_id: bool = True) -> SmallRelease:
        records = [program.json_record(with_id=with_id) for program in self.programs]
        name = f"{self.number}_markdown_program_descriptions{'_v2' if with_id else ''}.json"
        return self.with_file(name, json.dumps(records).encode())

    def with_csv(self) -> SmallRelease:
        rows = [program.csv_record(place) for place, program in enumerate(self.programs)]
        return self.with_file(f"{self.number}_program_descriptions_x_section.csv", csv_bytes(rows))

    def with_file(self, name: str, content: bytes) -> SmallRelease:
        return replace(self, files={**self.files, name: content})

    def without(self, name: str) -> SmallRelease:
        return replace(self, files={file: content for file, content in self.files.items() if file != name})

    def write(self, folder: Path) -> Path:
        for name, content in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return folder


def workbook(rows: list[dict[str, Any]], *, header: list[str | None] | None = None, sheet: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(header if header is not None else [name or None for name in rows[0]])
    for place, row in enumerate(rows):
        page.append([place if name == "" else value for name, value in row.items()])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zipped(files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            # a fixed date, so that the same files give the same bytes
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return stream.getvalue()


def csv_bytes(rows: list[dict[str, str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()
