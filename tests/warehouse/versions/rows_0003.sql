DELETE FROM search_document;

INSERT INTO "search_document" ("document_key", "program_key", "section_key", "release_id", "language", "content") VALUES
    (1, 1, 'facts', '9001', 'either', 'Anesthesiology · Anesthésiologie · Dalhousie University · Dalhousie · Site 1 · CMG RoS Stream for CMG · Nova Scotia · Nouvelle-Écosse · Casper'),
    (2, 2, 'facts', '9001', 'either', 'Diagnostic and Clinical Pathology · McGill University · McGill · Université McGill · Site 1 · CMG RoS Stream for CMG · Quebec · Québec'),
    (4, 4, 'facts', '9001', 'either', 'Medical Microbiology · Memorial University of Newfoundland · Memorial · Site 1 · CMG Stream for CMG · Newfoundland and Labrador · Terre-Neuve-et-Labrador'),
    (6, 6, 'facts', '9001', 'either', 'Pediatrics · Pédiatrie · Queen''s University · Queen''s · Site 1 · CMG Stream for CMG · Ontario · Ontario'),
    (7, 1, 'general_instructions', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (8, 1, 'review_process', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (9, 1, 'selection_criteria', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (10, 2, 'general_instructions', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (11, 2, 'review_process', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (12, 2, 'selection_criteria', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (16, 4, 'general_instructions', '9001', 'fr', 'Les résidents font des stages en soins palliatifs et en médecine rurale; le comité lit chaque demande.'),
    (17, 4, 'review_process', '9001', 'fr', 'Les résidents font des stages en soins palliatifs et en médecine rurale; le comité lit chaque demande.'),
    (18, 4, 'selection_criteria', '9001', 'fr', 'Les résidents font des stages en soins palliatifs et en médecine rurale; le comité lit chaque demande.'),
    (22, 6, 'general_instructions', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (23, 6, 'review_process', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (24, 6, 'selection_criteria', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (25, 7, 'facts', '9001', 'either', 'Family Medicine integrated Emergency Medicine · McMaster University · McMaster · Site 1 · CMG RoS Stream for CMG · Ontario · Ontario · MCCQE Part I'),
    (26, 7, 'general_instructions', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (27, 7, 'review_process', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.'),
    (28, 7, 'selection_criteria', '9001', 'en', 'Residents rotate through palliative care and rural medicine; the committee reads every application.');
