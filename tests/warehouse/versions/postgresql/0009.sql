BEGIN;

-- Running upgrade 0008 -> 0009

ALTER TABLE site ADD COLUMN community TEXT;

ALTER TABLE site ADD COLUMN site_class TEXT;

ALTER TABLE site ADD COLUMN site_latitude DOUBLE PRECISION;

ALTER TABLE site ADD COLUMN site_longitude DOUBLE PRECISION;

ALTER TABLE site ADD COLUMN site_population INTEGER;

ALTER TABLE site ADD COLUMN distance_km DOUBLE PRECISION;

ALTER TABLE site ADD COLUMN distributed_campus TEXT;

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

COMMIT;

