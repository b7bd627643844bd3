BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE applications_band (
    applications_band TEXT NOT NULL,
    applications_lower INTEGER NOT NULL,
    applications_upper INTEGER,
    CONSTRAINT pk_applications_band PRIMARY KEY (applications_band),
    CONSTRAINT ck_applications_band_applications_lower_at_least_0 CHECK (applications_lower >= 0),
    CONSTRAINT ck_applications_band_applications_upper_at_least_0 CHECK (applications_upper >= 0)
);

CREATE TABLE interview_band (
    interview_band TEXT NOT NULL,
    interview_lower INTEGER NOT NULL,
    interview_upper INTEGER NOT NULL,
    CONSTRAINT pk_interview_band PRIMARY KEY (interview_band),
    CONSTRAINT ck_interview_band_interview_lower_at_most_100 CHECK (interview_lower <= 100),
    CONSTRAINT ck_interview_band_interview_lower_at_least_0 CHECK (interview_lower >= 0),
    CONSTRAINT ck_interview_band_interview_upper_at_most_100 CHECK (interview_upper <= 100),
    CONSTRAINT ck_interview_band_interview_upper_at_least_0 CHECK (interview_upper >= 0)
);

CREATE TABLE province (
    province TEXT NOT NULL,
    province_name TEXT NOT NULL,
    province_name_fr TEXT NOT NULL,
    jurisdiction_kind TEXT NOT NULL,
    CONSTRAINT pk_province PRIMARY KEY (province),
    CONSTRAINT ck_province_jurisdiction_kind_known CHECK (jurisdiction_kind IN ('province', 'territory')),
    CONSTRAINT ck_province_province_known CHECK (province IN ('AB', 'BC', 'MB', 'NB', 'NL', 'NS', 'NT', 'NU', 'ON', 'PE', 'QC', 'SK', 'YT')),
    CONSTRAINT uq_province_province_name UNIQUE (province_name),
    CONSTRAINT uq_province_province_name_fr UNIQUE (province_name_fr)
);

CREATE TABLE release (
    release_id TEXT NOT NULL,
    "match" TEXT NOT NULL,
    cycle INTEGER NOT NULL,
    iteration TEXT NOT NULL,
    CONSTRAINT pk_release PRIMARY KEY (release_id),
    CONSTRAINT ck_release_iteration_known CHECK (iteration IN ('first', 'second')),
    CONSTRAINT ck_release_match_not_empty CHECK ("match" <> ''),
    CONSTRAINT ck_release_release_id_not_empty CHECK ("release_id" <> ''),
    CONSTRAINT ck_release_cycle_at_most_2200 CHECK (cycle <= 2200),
    CONSTRAINT ck_release_cycle_at_least_1900 CHECK (cycle >= 1900)
);

CREATE TABLE load_run (
    run_id INTEGER NOT NULL,
    release_id TEXT NOT NULL,
    loaded_at DATETIME NOT NULL,
    library_version TEXT NOT NULL,
    n_new INTEGER NOT NULL,
    n_changed INTEGER NOT NULL,
    n_vanished INTEGER NOT NULL,
    n_unchanged INTEGER NOT NULL,
    seats INTEGER NOT NULL,
    CONSTRAINT pk_load_run PRIMARY KEY (run_id),
    CONSTRAINT ck_load_run_n_changed_at_least_0 CHECK (n_changed >= 0),
    CONSTRAINT ck_load_run_n_new_at_least_0 CHECK (n_new >= 0),
    CONSTRAINT ck_load_run_n_unchanged_at_least_0 CHECK (n_unchanged >= 0),
    CONSTRAINT ck_load_run_n_vanished_at_least_0 CHECK (n_vanished >= 0),
    CONSTRAINT ck_load_run_seats_at_least_0 CHECK (seats >= 0),
    CONSTRAINT fk_load_run_release_id FOREIGN KEY(release_id) REFERENCES release (release_id)
);

CREATE TABLE discipline (
    discipline_key INTEGER NOT NULL,
    discipline TEXT NOT NULL,
    discipline_id TEXT NOT NULL,
    discipline_fr TEXT,
    row_hash TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_discipline PRIMARY KEY (discipline_key),
    CONSTRAINT ck_discipline_discipline_not_empty CHECK ("discipline" <> ''),
    CONSTRAINT fk_discipline_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id),
    CONSTRAINT uq_discipline_discipline_row_hash UNIQUE (discipline, row_hash)
);

CREATE TABLE load_check (
    run_id INTEGER NOT NULL,
    step TEXT NOT NULL,
    "check" TEXT NOT NULL,
    "table" TEXT NOT NULL,
    severity TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    observed TEXT NOT NULL,
    expected TEXT NOT NULL,
    failing_keys TEXT NOT NULL,
    CONSTRAINT pk_load_check PRIMARY KEY (run_id, step, "check", "table"),
    CONSTRAINT ck_load_check_severity_known CHECK (severity IN ('critical', 'warning')),
    CONSTRAINT ck_load_check_step_known CHECK (step IN ('raw', 'bronze', 'silver', 'gold')),
    CONSTRAINT ck_load_check_check_not_empty CHECK ("check" <> ''),
    CONSTRAINT ck_load_check_passed_is_bool CHECK (passed IN (TRUE, FALSE)),
    CONSTRAINT fk_load_check_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id)
);

CREATE TABLE load_quarantine (
    run_id INTEGER NOT NULL,
    step TEXT NOT NULL,
    "table" TEXT NOT NULL,
    source_row INTEGER NOT NULL,
    "column" TEXT NOT NULL,
    reason TEXT NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT,
    CONSTRAINT pk_load_quarantine PRIMARY KEY (run_id, step, "table", source_row, "column", reason),
    CONSTRAINT ck_load_quarantine_step_known CHECK (step IN ('raw', 'bronze', 'silver', 'gold')),
    CONSTRAINT ck_load_quarantine_reason_not_empty CHECK ("reason" <> ''),
    CONSTRAINT ck_load_quarantine_source_row_at_least_1 CHECK (source_row >= 1),
    CONSTRAINT fk_load_quarantine_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id)
);

CREATE TABLE load_step (
    run_id INTEGER NOT NULL,
    step TEXT NOT NULL,
    "table" TEXT NOT NULL,
    rows_read INTEGER NOT NULL,
    rows_kept INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    seats_read INTEGER,
    seats_kept INTEGER,
    seats_quarantined INTEGER,
    CONSTRAINT pk_load_step PRIMARY KEY (run_id, step, "table"),
    CONSTRAINT ck_load_step_step_known CHECK (step IN ('raw', 'bronze', 'silver', 'gold')),
    CONSTRAINT ck_load_step_rows_kept_at_least_0 CHECK (rows_kept >= 0),
    CONSTRAINT ck_load_step_rows_quarantined_at_least_0 CHECK (rows_quarantined >= 0),
    CONSTRAINT ck_load_step_rows_read_at_least_0 CHECK (rows_read >= 0),
    CONSTRAINT fk_load_step_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id)
);

CREATE TABLE school (
    school_key INTEGER NOT NULL,
    school TEXT NOT NULL,
    school_short TEXT NOT NULL,
    school_fr TEXT,
    school_province TEXT NOT NULL,
    row_hash TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_school PRIMARY KEY (school_key),
    CONSTRAINT ck_school_school_not_empty CHECK ("school" <> ''),
    CONSTRAINT ck_school_school_short_not_empty CHECK ("school_short" <> ''),
    CONSTRAINT fk_school_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id),
    CONSTRAINT fk_school_school_province FOREIGN KEY(school_province) REFERENCES province (province),
    CONSTRAINT uq_school_school_row_hash UNIQUE (school, row_hash)
);

CREATE TABLE source_file (
    source_key INTEGER NOT NULL,
    source_file TEXT NOT NULL,
    source_sha256 TEXT,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_source_file PRIMARY KEY (source_key),
    CONSTRAINT ck_source_file_source_file_not_empty CHECK ("source_file" <> ''),
    CONSTRAINT fk_source_file_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id),
    CONSTRAINT uq_source_file_source_file_source_sha256 UNIQUE (source_file, source_sha256)
);

CREATE TABLE stream (
    stream_key INTEGER NOT NULL,
    stream TEXT NOT NULL,
    eligibility TEXT NOT NULL,
    admits_cmg BOOLEAN NOT NULL,
    admits_img BOOLEAN NOT NULL,
    admits_motp BOOLEAN NOT NULL,
    home_province TEXT,
    return_of_service BOOLEAN NOT NULL,
    is_indigenous BOOLEAN NOT NULL,
    is_competitive BOOLEAN NOT NULL,
    is_rural_generalist BOOLEAN NOT NULL,
    eligibility_rule TEXT NOT NULL,
    row_hash TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_stream PRIMARY KEY (stream_key),
    CONSTRAINT ck_stream_eligibility_known CHECK (eligibility IN ('CMG', 'IMG', 'ALL', 'MOTP')),
    CONSTRAINT ck_stream_eligibility_rule_not_empty CHECK ("eligibility_rule" <> ''),
    CONSTRAINT ck_stream_stream_not_empty CHECK ("stream" <> ''),
    CONSTRAINT ck_stream_admits_cmg_is_bool CHECK (admits_cmg IN (TRUE, FALSE)),
    CONSTRAINT ck_stream_admits_img_is_bool CHECK (admits_img IN (TRUE, FALSE)),
    CONSTRAINT ck_stream_admits_motp_is_bool CHECK (admits_motp IN (TRUE, FALSE)),
    CONSTRAINT ck_stream_is_competitive_is_bool CHECK (is_competitive IN (TRUE, FALSE)),
    CONSTRAINT ck_stream_is_indigenous_is_bool CHECK (is_indigenous IN (TRUE, FALSE)),
    CONSTRAINT ck_stream_is_rural_generalist_is_bool CHECK (is_rural_generalist IN (TRUE, FALSE)),
    CONSTRAINT ck_stream_return_of_service_is_bool CHECK (return_of_service IN (TRUE, FALSE)),
    CONSTRAINT fk_stream_home_province FOREIGN KEY(home_province) REFERENCES province (province),
    CONSTRAINT fk_stream_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id),
    CONSTRAINT uq_stream_stream_row_hash UNIQUE (stream, row_hash)
);

CREATE TABLE site (
    site_key INTEGER NOT NULL,
    school_key INTEGER NOT NULL,
    site TEXT NOT NULL,
    site_province TEXT NOT NULL,
    site_province_reason TEXT NOT NULL,
    row_hash TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_site PRIMARY KEY (site_key),
    CONSTRAINT ck_site_site_not_empty CHECK ("site" <> ''),
    CONSTRAINT ck_site_site_province_reason_not_empty CHECK ("site_province_reason" <> ''),
    CONSTRAINT fk_site_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id),
    CONSTRAINT fk_site_school_key FOREIGN KEY(school_key) REFERENCES school (school_key),
    CONSTRAINT fk_site_site_province FOREIGN KEY(site_province) REFERENCES province (province),
    CONSTRAINT uq_site_school_key_site_row_hash UNIQUE (school_key, site, row_hash),
    CONSTRAINT uq_site_site_key_school_key UNIQUE (site_key, school_key)
);

CREATE TABLE program (
    program_key INTEGER NOT NULL,
    release_id TEXT NOT NULL,
    program_stream_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    discipline_key INTEGER NOT NULL,
    school_key INTEGER NOT NULL,
    site_key INTEGER NOT NULL,
    stream_key INTEGER NOT NULL,
    mailing_province TEXT,
    language TEXT NOT NULL,
    page_language TEXT NOT NULL,
    quota INTEGER NOT NULL,
    body_quota INTEGER,
    applications_band TEXT NOT NULL,
    interview_band TEXT NOT NULL,
    accreditation TEXT NOT NULL,
    approval_date DATE NOT NULL,
    program_length_years INTEGER,
    reference_letters INTEGER,
    personal_letter_words INTEGER,
    row_hash TEXT NOT NULL,
    valid_from DATETIME NOT NULL,
    valid_to DATETIME,
    closed_as TEXT,
    run_id INTEGER NOT NULL,
    closed_by_run_id INTEGER,
    source_key INTEGER,
    source_row INTEGER,
    CONSTRAINT pk_program PRIMARY KEY (program_key),
    CONSTRAINT ck_program_accreditation_known CHECK (accreditation IN ('Accredited', 'Accredited through joint institutional agreement', 'Notice of intent to withdraw accreditation')),
    CONSTRAINT ck_program_closed_as_known CHECK (closed_as IN ('changed', 'vanished')),
    CONSTRAINT ck_program_language_known CHECK (language IN ('en', 'fr', 'either')),
    CONSTRAINT ck_program_page_language_known CHECK (page_language IN ('en', 'fr')),
    CONSTRAINT ck_program_document_id_not_empty CHECK ("document_id" <> ''),
    CONSTRAINT ck_program_program_stream_id_not_empty CHECK ("program_stream_id" <> ''),
    CONSTRAINT ck_program_closed_whole CHECK ((valid_to IS NULL) = (closed_as IS NULL) AND (valid_to IS NULL) = (closed_by_run_id IS NULL)),
    CONSTRAINT ck_program_body_quota_at_least_0 CHECK (body_quota >= 0),
    CONSTRAINT ck_program_personal_letter_words_at_least_0 CHECK (personal_letter_words >= 0),
    CONSTRAINT ck_program_program_length_years_at_most_10 CHECK (program_length_years <= 10),
    CONSTRAINT ck_program_program_length_years_at_least_1 CHECK (program_length_years >= 1),
    CONSTRAINT ck_program_quota_at_least_1 CHECK (quota >= 1),
    CONSTRAINT ck_program_reference_letters_at_least_0 CHECK (reference_letters >= 0),
    CONSTRAINT ck_program_valid_span CHECK (valid_to > valid_from),
    CONSTRAINT fk_program_applications_band FOREIGN KEY(applications_band) REFERENCES applications_band (applications_band),
    CONSTRAINT fk_program_closed_by_run_id FOREIGN KEY(closed_by_run_id) REFERENCES load_run (run_id),
    CONSTRAINT fk_program_discipline_key FOREIGN KEY(discipline_key) REFERENCES discipline (discipline_key),
    CONSTRAINT fk_program_interview_band FOREIGN KEY(interview_band) REFERENCES interview_band (interview_band),
    CONSTRAINT fk_program_mailing_province FOREIGN KEY(mailing_province) REFERENCES province (province),
    CONSTRAINT fk_program_release_id FOREIGN KEY(release_id) REFERENCES release (release_id),
    CONSTRAINT fk_program_run_id FOREIGN KEY(run_id) REFERENCES load_run (run_id),
    CONSTRAINT fk_program_site_key_school_key FOREIGN KEY(site_key, school_key) REFERENCES site (site_key, school_key),
    CONSTRAINT fk_program_source_key FOREIGN KEY(source_key) REFERENCES source_file (source_key),
    CONSTRAINT fk_program_stream_key FOREIGN KEY(stream_key) REFERENCES stream (stream_key),
    CONSTRAINT uq_program_release_id_program_stream_id_valid_from UNIQUE (release_id, program_stream_id, valid_from)
);

CREATE UNIQUE INDEX uq_program_current ON program (release_id, program_stream_id) WHERE valid_to IS NULL;

CREATE UNIQUE INDEX uq_program_current_document ON program (release_id, document_id) WHERE valid_to IS NULL;

CREATE TABLE exam (
    program_key INTEGER NOT NULL,
    exam TEXT NOT NULL,
    CONSTRAINT pk_exam PRIMARY KEY (program_key, exam),
    CONSTRAINT ck_exam_exam_known CHECK (exam IN ('Casper', 'FMProC', 'MCCQE Part I', 'MCCQE Part II', 'NAC', 'USMLE Step 1', 'USMLE Step 2 CK', 'USMLE Step 2 CS', 'USMLE Step 3')),
    CONSTRAINT fk_exam_program_key FOREIGN KEY(program_key) REFERENCES program (program_key)
);

CREATE TABLE interview_date (
    program_key INTEGER NOT NULL,
    interview_date DATE NOT NULL,
    CONSTRAINT pk_interview_date PRIMARY KEY (program_key, interview_date),
    CONSTRAINT fk_interview_date_program_key FOREIGN KEY(program_key) REFERENCES program (program_key)
);

CREATE TABLE section (
    program_key INTEGER NOT NULL,
    section_key TEXT NOT NULL,
    section_position INTEGER NOT NULL,
    n_characters INTEGER NOT NULL,
    is_filled BOOLEAN NOT NULL,
    CONSTRAINT pk_section PRIMARY KEY (program_key, section_key),
    CONSTRAINT ck_section_section_key_known CHECK (section_key IN ('program_contacts', 'important_information', 'return_of_service', 'general_instructions', 'supporting_documentation_information', 'review_process', 'interviews', 'selection_criteria', 'program_highlights', 'program_curriculum', 'training_sites', 'additional_information', 'faq', 'summary_of_changes')),
    CONSTRAINT ck_section_is_filled_is_bool CHECK (is_filled IN (TRUE, FALSE)),
    CONSTRAINT ck_section_n_characters_at_least_0 CHECK (n_characters >= 0),
    CONSTRAINT ck_section_section_position_at_least_1 CHECK (section_position >= 1),
    CONSTRAINT fk_section_program_key FOREIGN KEY(program_key) REFERENCES program (program_key)
);

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('AB', 'Alberta', 'Alberta', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('BC', 'British Columbia', 'Colombie-Britannique', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('MB', 'Manitoba', 'Manitoba', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('NB', 'New Brunswick', 'Nouveau-Brunswick', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('NL', 'Newfoundland and Labrador', 'Terre-Neuve-et-Labrador', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('NS', 'Nova Scotia', 'Nouvelle-Écosse', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('NT', 'Northwest Territories', 'Territoires du Nord-Ouest', 'territory');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('NU', 'Nunavut', 'Nunavut', 'territory');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('ON', 'Ontario', 'Ontario', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('PE', 'Prince Edward Island', 'Île-du-Prince-Édouard', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('QC', 'Quebec', 'Québec', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('SK', 'Saskatchewan', 'Saskatchewan', 'province');

INSERT INTO province (province, province_name, province_name_fr, jurisdiction_kind) VALUES ('YT', 'Yukon', 'Yukon', 'territory');

INSERT INTO applications_band (applications_band, applications_lower, applications_upper) VALUES ('0 - 50', 0, 50);

INSERT INTO applications_band (applications_band, applications_lower, applications_upper) VALUES ('51 - 200', 51, 200);

INSERT INTO applications_band (applications_band, applications_lower, applications_upper) VALUES ('201 - 400', 201, 400);

INSERT INTO applications_band (applications_band, applications_lower, applications_upper) VALUES ('401 - 600', 401, 600);

INSERT INTO applications_band (applications_band, applications_lower, applications_upper) VALUES ('601 +', 601, NULL);

INSERT INTO interview_band (interview_band, interview_lower, interview_upper) VALUES ('0 - 25', 0, 25);

INSERT INTO interview_band (interview_band, interview_lower, interview_upper) VALUES ('26 - 50', 26, 50);

INSERT INTO interview_band (interview_band, interview_lower, interview_upper) VALUES ('51 - 75', 51, 75);

INSERT INTO interview_band (interview_band, interview_lower, interview_upper) VALUES ('76 - 100', 76, 100);

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING version_num;

COMMIT;
