BEGIN;

-- Running upgrade 0006 -> 0007

ALTER TABLE load_check ADD COLUMN kind TEXT CONSTRAINT ck_load_check_kind_not_empty CHECK ("kind" <> '');

ALTER TABLE load_check ADD COLUMN measured DOUBLE;

ALTER TABLE load_check ADD COLUMN threshold DOUBLE;

ALTER TABLE build_check ADD COLUMN kind TEXT CONSTRAINT ck_build_check_kind_not_empty CHECK ("kind" <> '');

ALTER TABLE build_check ADD COLUMN measured DOUBLE;

ALTER TABLE build_check ADD COLUMN threshold DOUBLE;

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

COMMIT;
