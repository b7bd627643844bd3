BEGIN;

-- Running upgrade 0002 -> 0003

CREATE TABLE search_document (
    document_key BIGINT NOT NULL,
    program_key BIGINT NOT NULL,
    section_key TEXT NOT NULL,
    release_id TEXT NOT NULL,
    language TEXT NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT pk_search_document PRIMARY KEY (document_key),
    CONSTRAINT ck_search_document_language_known CHECK (language IN ('en', 'fr', 'either')),
    CONSTRAINT ck_search_document_section_key_known CHECK (section_key IN ('facts', 'program_contacts', 'important_information', 'return_of_service', 'general_instructions', 'supporting_documentation_information', 'review_process', 'interviews', 'selection_criteria', 'program_highlights', 'program_curriculum', 'training_sites', 'additional_information', 'faq', 'summary_of_changes')),
    CONSTRAINT fk_search_document_program_key FOREIGN KEY(program_key) REFERENCES program (program_key),
    CONSTRAINT fk_search_document_release_id FOREIGN KEY(release_id) REFERENCES release (release_id),
    CONSTRAINT uq_search_document_program_key_section_key UNIQUE (program_key, section_key)
);

ALTER TABLE search_document ADD COLUMN vector tsvector GENERATED ALWAYS AS (
    CASE language WHEN 'en' THEN to_tsvector('english'::regconfig, translate(replace(replace(lower(content), 'œ', 'oe'), 'æ', 'ae'), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy')) WHEN 'fr' THEN to_tsvector('french'::regconfig, translate(replace(replace(lower(content), 'œ', 'oe'), 'æ', 'ae'), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy')) ELSE to_tsvector('english'::regconfig, translate(replace(replace(lower(content), 'œ', 'oe'), 'æ', 'ae'), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy')) || to_tsvector('french'::regconfig, translate(replace(replace(lower(content), 'œ', 'oe'), 'æ', 'ae'), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy')) END
) STORED;

CREATE INDEX ix_search_document_vector ON search_document USING gin (vector);

INSERT INTO search_document (document_key, program_key, section_key, release_id, language, content)
SELECT row_number() OVER (ORDER BY program.program_key), program.program_key, 'facts', program.release_id, 'either',
    discipline.discipline || coalesce(' · ' || discipline.discipline_fr, '')
    || ' · ' || school.school || ' · ' || school.school_short || coalesce(' · ' || school.school_fr, '')
    || ' · ' || site.site || ' · ' || stream.stream
    || ' · ' || province.province_name || ' · ' || province.province_name_fr
FROM program
JOIN discipline ON discipline.discipline_key = program.discipline_key
JOIN school ON school.school_key = program.school_key
JOIN site ON site.site_key = program.site_key
JOIN stream ON stream.stream_key = program.stream_key
JOIN province ON province.province = site.site_province
WHERE program.valid_to IS NULL;

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

COMMIT;
