BEGIN;

-- Running upgrade 0005 -> 0006

CREATE INDEX ix_search_document_release ON search_document (release_id, document_key);

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

COMMIT;
