BEGIN;

-- Running upgrade 0002 -> 0003

CREATE TABLE search_document (
    document_key INTEGER NOT NULL,
    program_key INTEGER NOT NULL,
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

CREATE VIRTUAL TABLE search_index USING fts5(
    content, content='search_document', content_rowid='document_key', tokenize='porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER search_document_added AFTER INSERT ON search_document BEGIN INSERT INTO search_index (rowid, content) VALUES (new.document_key, replace(replace(replace(replace(new.content, 'œ', 'oe'), 'Œ', 'Oe'), 'æ', 'ae'), 'Æ', 'Ae')); END;

CREATE TRIGGER search_document_removed AFTER DELETE ON search_document BEGIN INSERT INTO search_index (search_index, rowid, content) VALUES ('delete', old.document_key, replace(replace(replace(replace(old.content, 'œ', 'oe'), 'Œ', 'Oe'), 'æ', 'ae'), 'Æ', 'Ae')); END;

CREATE TRIGGER search_document_changed AFTER UPDATE ON search_document BEGIN INSERT INTO search_index (search_index, rowid, content) VALUES ('delete', old.document_key, replace(replace(replace(replace(old.content, 'œ', 'oe'), 'Œ', 'Oe'), 'æ', 'ae'), 'Æ', 'Ae')); INSERT INTO search_index (rowid, content) VALUES (new.document_key, replace(replace(replace(replace(new.content, 'œ', 'oe'), 'Œ', 'Oe'), 'æ', 'ae'), 'Æ', 'Ae')); END;

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
