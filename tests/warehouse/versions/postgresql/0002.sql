BEGIN;

-- Running upgrade 0001 -> 0002

CREATE INDEX ix_program_current_discipline_key ON program (release_id, discipline_key, program_stream_id) WHERE valid_to IS NULL;

CREATE INDEX ix_program_current_school_key ON program (release_id, school_key, program_stream_id) WHERE valid_to IS NULL;

CREATE INDEX ix_program_current_stream_key ON program (release_id, stream_key, program_stream_id) WHERE valid_to IS NULL;

CREATE INDEX ix_program_history ON program (program_stream_id, release_id, valid_from);

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

COMMIT;
