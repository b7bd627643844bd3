BEGIN;

-- Running upgrade 0007 -> 0008

ALTER TABLE program ADD COLUMN personal_letter_minimum_words INTEGER CONSTRAINT ck_program_personal_letter_minimum_words_at_least_0 CHECK (personal_letter_minimum_words >= 0);

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

COMMIT;

