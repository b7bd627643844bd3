BEGIN;

-- Running upgrade 0004 -> 0005

CREATE TABLE build_run (
    build_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    started_at DATETIME NOT NULL,
    seconds DOUBLE NOT NULL,
    failure_class TEXT,
    load_run_id INTEGER,
    record JSON NOT NULL,
    CONSTRAINT pk_build_run PRIMARY KEY (build_id),
    CONSTRAINT ck_build_run_build_id_not_empty CHECK ("build_id" <> ''),
    CONSTRAINT ck_build_run_failure_class_known CHECK (failure_class IN ('source', 'contract', 'data', 'infrastructure', 'code')),
    CONSTRAINT ck_build_run_failed_build_loads_nothing CHECK (failure_class IS NULL OR load_run_id IS NULL),
    CONSTRAINT ck_build_run_seconds_at_least_0 CHECK (seconds >= 0),
    CONSTRAINT fk_build_run_load_run_id FOREIGN KEY(load_run_id) REFERENCES load_run (run_id)
);

CREATE TABLE build_timing (
    build_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    step TEXT NOT NULL,
    seconds DOUBLE NOT NULL,
    CONSTRAINT pk_build_timing PRIMARY KEY (build_id, position),
    CONSTRAINT ck_build_timing_step_not_empty CHECK ("step" <> ''),
    CONSTRAINT ck_build_timing_position_at_least_1 CHECK (position >= 1),
    CONSTRAINT ck_build_timing_seconds_at_least_0 CHECK (seconds >= 0),
    CONSTRAINT fk_build_timing_build_id FOREIGN KEY(build_id) REFERENCES build_run (build_id),
    CONSTRAINT uq_build_timing_build_id_step UNIQUE (build_id, step)
);

CREATE TABLE build_count (
    build_id TEXT NOT NULL,
    step TEXT NOT NULL,
    "table" TEXT NOT NULL,
    rows_read INTEGER NOT NULL,
    rows_kept INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    seats_read INTEGER,
    seats_kept INTEGER,
    seats_quarantined INTEGER,
    CONSTRAINT pk_build_count PRIMARY KEY (build_id, step, "table"),
    CONSTRAINT ck_build_count_step_known CHECK (step IN ('raw', 'bronze', 'silver', 'gold')),
    CONSTRAINT ck_build_count_rows_kept_at_least_0 CHECK (rows_kept >= 0),
    CONSTRAINT ck_build_count_rows_quarantined_at_least_0 CHECK (rows_quarantined >= 0),
    CONSTRAINT ck_build_count_rows_read_at_least_0 CHECK (rows_read >= 0),
    CONSTRAINT fk_build_count_build_id FOREIGN KEY(build_id) REFERENCES build_run (build_id)
);

CREATE TABLE build_check (
    build_id TEXT NOT NULL,
    step TEXT NOT NULL,
    "check" TEXT NOT NULL,
    "table" TEXT NOT NULL,
    severity TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    observed TEXT NOT NULL,
    expected TEXT NOT NULL,
    failing_keys TEXT NOT NULL,
    CONSTRAINT pk_build_check PRIMARY KEY (build_id, step, "check", "table"),
    CONSTRAINT ck_build_check_severity_known CHECK (severity IN ('critical', 'warning')),
    CONSTRAINT ck_build_check_step_known CHECK (step IN ('raw', 'bronze', 'silver', 'gold')),
    CONSTRAINT ck_build_check_check_not_empty CHECK ("check" <> ''),
    CONSTRAINT ck_build_check_passed_is_bool CHECK (passed IN (TRUE, FALSE)),
    CONSTRAINT fk_build_check_build_id FOREIGN KEY(build_id) REFERENCES build_run (build_id)
);

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

COMMIT;
