BEGIN;

-- Running upgrade 0007 -> 0008

ALTER TABLE study_band ADD COLUMN median DOUBLE;

ALTER TABLE study_band ADD COLUMN share_zero DOUBLE;

ALTER TABLE study_band ADD COLUMN effective_draws DOUBLE;

ALTER TABLE study_view ADD COLUMN against TEXT;

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

COMMIT;

