"""The raw layer: what the loaders promise, every value as published.

Belongs here: one model per raw table; text as printed, or missing. Does not belong here: any rule on
values; a bad value is still a fact about the publication.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, Text, field, register

__all__ = ["RawDiscipline", "RawPage", "RawProgramMaster", "RawSection"]


@register("raw", "discipline", key=("discipline_id",))
class RawDiscipline(Table):
    """One row per discipline, as in the workbook of disciplines."""

    discipline_id: Text = field("discipline workbook: discipline_id", nullable=True)
    discipline: Text = field("discipline workbook: discipline", nullable=True)


@register("raw", "program_master", key=("program_stream_id",))
class RawProgramMaster(Table):
    """One row per program, as in the master workbook."""

    row_number: Text = field("master workbook: first column, which has no name", nullable=True)
    discipline_id: Text = field("master workbook: discipline_id", nullable=True)
    discipline_name: Text = field("master workbook: discipline_name", nullable=True)
    school_id: Text = field("master workbook: school_id", nullable=True)
    school_name: Text = field("master workbook: school_name", nullable=True)
    program_stream_id: Text = field("master workbook: program_stream_id", nullable=True)
    program_stream_name: Text = field("master workbook: program_stream_name", nullable=True)
    program_site: Text = field("master workbook: program_site", nullable=True)
    program_stream: Text = field("master workbook: program_stream", nullable=True)
    program_name: Text = field("master workbook: program_name", nullable=True)
    program_url: Text = field("master workbook: program_url", nullable=True)


@register("raw", "page", key=("document_id",))
class RawPage(Table):
    """One row per program page, its printed facts after unwrapping lines."""

    document_id: Text = field("page: last line, or the file's name", nullable=True)
    program_stream_id: Text = field("page: number after the hyphen of document_id", nullable=True)
    source_url: Text = field("page: last but one line", nullable=True)
    page_language: Text = field("page: language of its fixed headings", nullable=True)
    title: Text = field("page: first heading", nullable=True)
    match_name: Text = field("page: second heading", nullable=True)
    stream: Text = field("page: line under the second heading", nullable=True)
    approval_date: Text = field("page: line 'Last approved on' or 'Approuve le'", nullable=True)
    quota: Text = field("page: heading 'Approximate Quota' or 'Quota approximatif'", nullable=True)
    quota_note: Text = field("page: text beside the quota", nullable=True)
    body_quota: Text = field("page: number of positions stated in the body", nullable=True)
    accreditation: Text = field("page: heading 'Accreditation status' or its French form", nullable=True)
    application_language: Text = field("page: 'Program application language' or its French form", nullable=True)
    program_length: Text = field("page: sentence on the length of training", nullable=True)
    applications_band: Text = field("page: review process, average number of applications", nullable=True)
    applications_note: Text = field("page: text beside the applications band", nullable=True)
    interview_band: Text = field("page: review process, average percentage interviewed", nullable=True)
    interview_note: Text = field("page: text beside the interview band", nullable=True)
    reference_letters: Text = field("page: supporting documentation, letters requested", nullable=True)
    personal_letter_words: Text = field("page: supporting documentation, word limit", nullable=True)
    interview_dates: Text = field("page: interviews, list of dates", nullable=True)
    exams: Text = field("page: supporting documentation, examinations named", nullable=True)
    criteria_weights: Text = field("page: selection criteria, weights", nullable=True)
    mailing_province: Text = field("page: address block, province", nullable=True)


@register("raw", "section", key=("document_id", "section_position"), references={("document_id",): "page"})
class RawSection(Table):
    """One row per section of a program page."""

    document_id: Text = field("page: last line, or the file's name", nullable=True)
    section_position: Text = field("page: count of its sections", nullable=True)
    section_key: Text = field("page: heading, conformed to the canonical key where it is known", nullable=True)
    heading: Text = field("page: heading after a rule", nullable=True)
    n_characters: Text = field("page: length of the body before scrubbing", nullable=True)
    text: Text = field("page: body without contact details", nullable=True)
