INSERT INTO "release" ("release_id", "match", "cycle", "iteration") VALUES
    ('9001', 'R-1 Main Residency Match', 2031, 'first');

INSERT INTO "load_run" ("run_id", "release_id", "loaded_at", "library_version", "n_new", "n_changed", "n_vanished", "n_unchanged", "seats") VALUES
    (1, '9001', '2030-01-01 00:00:00.000000', '0.1.0', 6, 0, 0, 0, 21),
    (2, '9001', '2030-01-02 00:00:00.000000', '0.1.0', 0, 1, 0, 5, 95),
    (3, '9001', '2030-01-03 00:00:00.000000', '0.1.0', 0, 0, 1, 5, 90);

INSERT INTO "source_file" ("source_key", "source_file", "source_sha256", "run_id") VALUES
    (1, 'pages_9001.zip', 'abababababababababababababababababababababababababababababababab', 1);

INSERT INTO "discipline" ("discipline_key", "discipline", "discipline_id", "discipline_fr", "row_hash", "run_id") VALUES
    (1, 'Anesthesiology', '1', 'Anesthésiologie', '272460396eb53f4f0148d533536ed833', 1),
    (2, 'Diagnostic and Clinical Pathology', '6', NULL, 'dc84bedcc96e2dfade903851c7917609', 1),
    (3, 'Family Medicine integrated Emergency Medicine', '11', NULL, 'ab9753f24a9f8f4b16ecb17a414067ea', 1),
    (4, 'Medical Microbiology', '16', NULL, '7afd219ac94182b85ea8f4ac6b6f7ea4', 1),
    (5, 'Nuclear Medicine', '21', 'Médecine nucléaire', '058bfbe912e282a3057a83cc50e5954b', 1),
    (6, 'Pediatrics', '26', 'Pédiatrie', 'eb5215f73b8b41425e487ed77bd1ab48', 1);

INSERT INTO "school" ("school_key", "school", "school_short", "school_fr", "school_province", "row_hash", "run_id") VALUES
    (1, 'Dalhousie University', 'Dalhousie', NULL, 'NS', 'ff42c082207766ef3c3ca6f25882a5c9', 1),
    (2, 'McGill University', 'McGill', 'Université McGill', 'QC', 'a97f2379666000a9ecfa0422ca05ae67', 1),
    (3, 'McMaster University', 'McMaster', NULL, 'ON', '5376ef88b5e4a1a6b3f7aaa2cd0b9891', 1),
    (4, 'Memorial University of Newfoundland', 'Memorial', NULL, 'NL', 'ef510a3d746e9d82816c76c2f6d1b2ad', 1),
    (5, 'NOSM University', 'NOSM', NULL, 'ON', 'c51bb839e3275dcdb1235431747cce77', 1),
    (6, 'Queen''s University', 'Queen''s', NULL, 'ON', '38cbaa2cb52c78fc5973a4e1b957e0e3', 1);

INSERT INTO "stream" ("stream_key", "stream", "eligibility", "admits_cmg", "admits_img", "admits_motp", "home_province", "return_of_service", "is_indigenous", "is_competitive", "is_rural_generalist", "eligibility_rule", "row_hash", "run_id") VALUES
    (1, 'CMG RoS Stream for CMG', 'CMG', TRUE, FALSE, FALSE, NULL, TRUE, FALSE, FALSE, FALSE, 'Graduates of Canadian and accredited US schools who accept a return of service.', '2e1efe8ad4dfce5770bf4580d42e846c', 1),
    (2, 'CMG Stream for CMG', 'CMG', TRUE, FALSE, FALSE, NULL, FALSE, FALSE, FALSE, FALSE, 'Graduates of Canadian and accredited US schools.', 'c514b55307c03d1ffc775e1157f863a0', 1);

INSERT INTO "site" ("site_key", "school_key", "site", "site_province", "site_province_reason", "row_hash", "run_id") VALUES
    (1, 1, 'Site 1', 'NS', 'province of the school', '12c17c6f83cfba09fb00b57a18c828be', 1),
    (2, 2, 'Site 1', 'QC', 'province of the school', '979a597370f0e066e042056e1dbd99bd', 1),
    (3, 3, 'Site 1', 'ON', 'province of the school', '6c19ce5a1a3e2a7fe9c14cbf3ae3feab', 1),
    (4, 4, 'Site 1', 'NL', 'province of the school', '3f8bf1d3ead8dee0f7aa5413779e117a', 1),
    (5, 5, 'Site 1', 'ON', 'province of the school', 'ab3a7da42acb2bcc2231d118735a67e4', 1),
    (6, 6, 'Site 1', 'ON', 'province of the school', 'a992a20413f0be04cd7958551d20e354', 1);

INSERT INTO "program" ("program_key", "release_id", "program_stream_id", "document_id", "discipline_key", "school_key", "site_key", "stream_key", "mailing_province", "language", "page_language", "quota", "body_quota", "applications_band", "interview_band", "accreditation", "approval_date", "program_length_years", "reference_letters", "personal_letter_words", "row_hash", "valid_from", "valid_to", "closed_as", "run_id", "closed_by_run_id", "source_key", "source_row") VALUES
    (1, '9001', '10001', '9001-10001', 1, 1, 1, 1, 'NS', 'en', 'en', 1, 2, '0 - 50', '0 - 25', 'Accredited', '2030-09-01', NULL, 3, NULL, '790c3fcd062748d5373fc638013545c8', '2030-01-01 00:00:00.000000', NULL, NULL, 1, NULL, 1, 1),
    (2, '9001', '10002', '9001-10002', 2, 2, 2, 1, 'QC', 'en', 'en', 2, NULL, '51 - 200', '26 - 50', 'Accredited', '2030-09-02', 2, 3, 500, '214694c91e38b47957b90f0e81064acc', '2030-01-01 00:00:00.000000', NULL, NULL, 1, NULL, 1, 2),
    (3, '9001', '10003', '9001-10003', 3, 3, 3, 1, 'ON', 'en', 'en', 3, NULL, '201 - 400', '51 - 75', 'Accredited', '2030-09-03', NULL, 3, 500, 'f269beb61f88afcf92cf876200a814f8', '2030-01-01 00:00:00.000000', '2030-01-02 00:00:00.000000', 'changed', 1, 2, 1, 3),
    (4, '9001', '10004', '9001-10004', 4, 4, 4, 2, 'NL', 'fr', 'fr', 4, NULL, '401 - 600', '76 - 100', 'Accredited', '2030-09-04', 2, 3, NULL, 'cb14a89ff7792a2784a8041af8c40a54', '2030-01-01 00:00:00.000000', NULL, NULL, 1, NULL, 1, 4),
    (5, '9001', '10005', '9001-10005', 5, 5, 5, 2, 'ON', 'en', 'en', 5, 2, '601 +', '0 - 25', 'Accredited', '2030-09-05', NULL, 3, 500, 'fe74c8a4e88789221075e3ee51365e26', '2030-01-01 00:00:00.000000', '2030-01-03 00:00:00.000000', 'vanished', 1, 3, 1, 5),
    (6, '9001', '10006', '9001-10006', 6, 6, 6, 2, 'ON', 'either', 'en', 6, NULL, '0 - 50', '26 - 50', 'Accredited', '2030-09-06', 2, 3, 500, '87da07fbf57ad6a4a83b3e532632de6f', '2030-01-01 00:00:00.000000', NULL, NULL, 1, NULL, 1, 6),
    (7, '9001', '10003', '9001-10003', 3, 3, 3, 1, 'ON', 'en', 'en', 77, NULL, '201 - 400', '51 - 75', 'Accredited', '2030-09-03', NULL, 3, 500, '7613fcd16237f9ec29e480426dee327f', '2030-01-02 00:00:00.000000', NULL, NULL, 2, NULL, 1, 3);

INSERT INTO "section" ("program_key", "section_key", "section_position", "n_characters", "is_filled") VALUES
    (1, 'general_instructions', 1, 100, TRUE),
    (1, 'review_process', 2, 200, TRUE),
    (1, 'selection_criteria', 3, 300, FALSE),
    (2, 'general_instructions', 1, 100, TRUE),
    (2, 'review_process', 2, 200, FALSE),
    (2, 'selection_criteria', 3, 300, TRUE),
    (3, 'general_instructions', 1, 100, FALSE),
    (3, 'review_process', 2, 200, TRUE),
    (3, 'selection_criteria', 3, 300, TRUE),
    (4, 'general_instructions', 1, 100, TRUE),
    (4, 'review_process', 2, 200, TRUE),
    (4, 'selection_criteria', 3, 300, FALSE),
    (5, 'general_instructions', 1, 100, TRUE),
    (5, 'review_process', 2, 200, FALSE),
    (5, 'selection_criteria', 3, 300, TRUE),
    (6, 'general_instructions', 1, 100, FALSE),
    (6, 'review_process', 2, 200, TRUE),
    (6, 'selection_criteria', 3, 300, TRUE),
    (7, 'general_instructions', 1, 100, FALSE),
    (7, 'review_process', 2, 200, TRUE),
    (7, 'selection_criteria', 3, 300, TRUE);

INSERT INTO "interview_date" ("program_key", "interview_date") VALUES
    (1, '2031-01-15'),
    (2, '2031-01-16'),
    (3, '2031-01-17'),
    (4, '2031-01-18'),
    (5, '2031-01-19'),
    (6, '2031-01-20'),
    (7, '2031-01-17');

INSERT INTO "exam" ("program_key", "exam") VALUES
    (1, 'Casper'),
    (3, 'MCCQE Part I'),
    (5, 'Casper'),
    (7, 'MCCQE Part I');
