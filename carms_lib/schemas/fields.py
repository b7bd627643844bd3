"""The catalogue of fields: what each column name means, once for all layers.

Belongs here: name, meaning and unit. A name means the same in every table that has it. Does not belong
here: type, source and rule of a column; they differ by layer and stand in its model.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["FIELDS", "FieldMeaning"]


class FieldMeaning(NamedTuple):
    """What a column name means.

    Parameters
    ----------
    description : str
        One sentence.
    unit : str
        Unit of measurement; "" for names, codes and truth values.
    """

    description: str
    unit: str = ""


FIELDS: Final[dict[str, FieldMeaning]] = {
    # keys and names
    "program_stream_id": FieldMeaning("Key of a program: the publisher's number of one program stream."),
    "document_id": FieldMeaning("Key of a page: release number, hyphen, program stream number."),
    "release_id": FieldMeaning("The publication that the row comes from."),
    "discipline_id": FieldMeaning("The publisher's number of a discipline."),
    "discipline": FieldMeaning("Medical discipline, English name as published."),
    "discipline_fr": FieldMeaning("Medical discipline, French name; missing where no French page prints one."),
    "discipline_name": FieldMeaning("Discipline as the master workbook prints it."),
    "school_id": FieldMeaning("Number of one pair of school and discipline; it does not identify a school."),
    "school": FieldMeaning("Medical school, name as published with plain apostrophes; 18 of them."),
    "school_fr": FieldMeaning("Medical school, French name; missing where no French page prints one."),
    "school_short": FieldMeaning("Medical school, short name as used in published outcome tables."),
    "school_name": FieldMeaning("School as the master workbook prints it."),
    "site": FieldMeaning("Training site, free text within its school; not always a city."),
    "stream": FieldMeaning("Stream of the program (who may apply), canonical English spelling."),
    "program_stream_name": FieldMeaning("Site and stream as the master workbook prints them."),
    "program_site": FieldMeaning("Site as the master workbook prints it."),
    "program_stream": FieldMeaning("Stream as the master workbook prints it."),
    "program_name": FieldMeaning("School, discipline, site and stream as the master workbook prints them."),
    "program_url": FieldMeaning("Address of the program's page at the publisher."),
    "row_number": FieldMeaning("Row number that the workbook carries in its nameless first column."),
    # the page
    "source_url": FieldMeaning("Address that the page names as its source."),
    "page_language": FieldMeaning("Language in which the page is written."),
    "title": FieldMeaning("Title of the page: school, discipline, site."),
    "match_name": FieldMeaning("Match and iteration as the page prints them."),
    "approval_date": FieldMeaning("Day on which the description was last approved."),
    "quota": FieldMeaning("Approximate number of positions offered; may change until rank lists close.", "seats"),
    "quota_note": FieldMeaning("Free note beside the quota."),
    "body_quota": FieldMeaning(
        "Number of positions that the body of the page states; the header's quota counts.", "seats"
    ),
    "criteria_weights": FieldMeaning("Weights of the selection criteria as printed, joined with semicolons.", "%"),
    "accreditation": FieldMeaning("Accreditation status of the program."),
    "application_language": FieldMeaning("Language of application as the page prints it."),
    "language": FieldMeaning("Language in which an application may be written."),
    "program_length": FieldMeaning("Statement on the length of training as the page prints it."),
    "program_length_years": FieldMeaning("Length of training, where the page states it.", "years"),
    "applications_band": FieldMeaning(
        "Average number of applications received in the last five years, in bands.", "applications"
    ),
    "applications_note": FieldMeaning("Free note beside the applications band."),
    "applications_lower": FieldMeaning("Lower limit of the applications band, inclusive.", "applications"),
    "applications_upper": FieldMeaning(
        "Upper limit of the applications band, inclusive; missing where the band is open.", "applications"
    ),
    "interview_band": FieldMeaning("Average share of applicants who were offered an interview, in bands.", "%"),
    "interview_note": FieldMeaning("Free note beside the interview band."),
    "interview_lower": FieldMeaning("Lower limit of the interview band, inclusive.", "%"),
    "interview_upper": FieldMeaning("Upper limit of the interview band, inclusive.", "%"),
    "reference_letters": FieldMeaning("Number of letters of reference requested, all kinds together.", "letters"),
    "personal_letter_words": FieldMeaning(
        "Limit on the length of the personal letter; missing where the page sets none.", "words"
    ),
    "interview_dates": FieldMeaning("Interview dates as printed, joined with semicolons."),
    "interview_date": FieldMeaning("A day on which the program interviews."),
    "exams": FieldMeaning("Examinations that the page names, joined with semicolons."),
    "exam": FieldMeaning("An examination that the page names; naming it does not say that it is required."),
    # sections
    "section_position": FieldMeaning("Place of the section on its page, from 1."),
    "section_key": FieldMeaning("Canonical key of the section, the same for English and French pages."),
    "heading": FieldMeaning("Heading of the section as printed."),
    "n_characters": FieldMeaning("Length of the section's body before contact details are removed.", "characters"),
    "text": FieldMeaning("Body of the section without contact details; missing where it is not carried."),
    "is_filled": FieldMeaning("The section says something: its body is neither empty nor a placeholder such as n/a."),
    "n_sections": FieldMeaning("Number of sections on the page.", "sections"),
    "n_sections_filled": FieldMeaning("Number of sections on the page that say something.", "sections"),
    # bands as facts
    "metric": FieldMeaning("What the band measures: applications received, or share of applicants interviewed."),
    "band": FieldMeaning("Label of the band."),
    "band_lower": FieldMeaning("Lower limit of the band, inclusive.", "applications or %"),
    "band_upper": FieldMeaning(
        "Upper limit of the band, inclusive; missing where the band is open.", "applications or %"
    ),
    # eligibility
    "eligibility": FieldMeaning("Class of applicants that may apply."),
    "admits_cmg": FieldMeaning("Graduates of Canadian and accredited US schools may apply."),
    "admits_img": FieldMeaning("Graduates of other international schools may apply."),
    "admits_motp": FieldMeaning("Military applicants (MOTP/MMTP) may apply."),
    "home_province": FieldMeaning(
        "Applicants must come from this province; missing where the stream has no such rule."
    ),
    "return_of_service": FieldMeaning(
        "The stream's name itself obliges to a return of service; false says only that the name does not."
    ),
    "is_indigenous": FieldMeaning("The stream is for training with and for Indigenous communities."),
    "is_competitive": FieldMeaning("Canadian and international graduates compete for the same seats by name."),
    "is_rural_generalist": FieldMeaning("The stream belongs to a rural generalist pathway."),
    "eligibility_rule": FieldMeaning("Who may apply, in one sentence."),
    # geography
    "province": FieldMeaning("Province or territory, two-letter code."),
    "province_name": FieldMeaning("Province or territory, English name."),
    "province_name_fr": FieldMeaning("Province or territory, French name."),
    "jurisdiction_kind": FieldMeaning("Province or territory."),
    "school_province": FieldMeaning("Province of the medical school."),
    "site_province": FieldMeaning("Province in which the seat trains."),
    "site_province_reason": FieldMeaning("Why the site has this province."),
    "mailing_province": FieldMeaning("Province of the program's mailing address; missing where none is printed."),
    # the match
    "match": FieldMeaning("Name of the match."),
    "cycle": FieldMeaning("Year of the match.", "year"),
    "iteration": FieldMeaning("First or second iteration of the match."),
    # aggregates
    "programs": FieldMeaning("Number of programs.", "programs"),
    "seats": FieldMeaning("Sum of quotas.", "seats"),
    # lineage
    "source_file": FieldMeaning("Published file that the row was read from."),
    "source_row": FieldMeaning("Position of the row in its raw table, from 1."),
    "source_sha256": FieldMeaning("SHA-256 of the published file, hexadecimal."),
    # audit
    "step": FieldMeaning("Step of the build: raw, bronze, silver or gold."),
    "table": FieldMeaning("Table that the row or check belongs to."),
    "key": FieldMeaning("Key of the row as given, or its position where it has none."),
    "column": FieldMeaning("Column in which the fault lies."),
    "reason": FieldMeaning("Why the row was set aside."),
    "value": FieldMeaning("The offending value, free of contact details."),
    "rows_read": FieldMeaning("Rows that entered the step.", "rows"),
    "rows_kept": FieldMeaning("Rows that left the step.", "rows"),
    "rows_quarantined": FieldMeaning("Rows that were set aside in the step.", "rows"),
    "seats_read": FieldMeaning("Seats that entered the step; missing where quotas are not yet numbers.", "seats"),
    "seats_kept": FieldMeaning("Seats that left the step.", "seats"),
    "seats_quarantined": FieldMeaning("Seats of the rows that were set aside, as far as they can be read.", "seats"),
    "check": FieldMeaning("Name of the check."),
    "severity": FieldMeaning("What a failure means: critical stops the build, warning is reported."),
    "passed": FieldMeaning("The check passed."),
    "observed": FieldMeaning("What the check found."),
    "expected": FieldMeaning("What the check allows."),
    "failing_keys": FieldMeaning("The first five keys that fail, joined with commas."),
    "kind": FieldMeaning("What kind of question the check asks; missing where it was kept before kinds were."),
    "measured": FieldMeaning(
        "What the check measured: a share (0 to 1), a count, a distance or days; missing if none."
    ),
    "threshold": FieldMeaning("The largest measured value that passes; missing where the check measures none."),
}
