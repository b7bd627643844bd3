BEGIN;

-- Running upgrade 0003 -> 0004

CREATE TABLE study (
    study_id BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    release_id TEXT,
    entropy TEXT NOT NULL,
    n_draws INTEGER NOT NULL,
    provenance JSON NOT NULL,
    library_version TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_study PRIMARY KEY (study_id),
    CONSTRAINT ck_study_entropy_not_empty CHECK ("entropy" <> ''),
    CONSTRAINT ck_study_n_draws_at_least_1 CHECK (n_draws >= 1),
    CONSTRAINT fk_study_release_id FOREIGN KEY(release_id) REFERENCES release (release_id),
    CONSTRAINT uq_study_fingerprint UNIQUE (fingerprint)
);

CREATE TABLE scenario (
    study_id BIGINT NOT NULL,
    scenario TEXT NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT pk_scenario PRIMARY KEY (study_id, scenario),
    CONSTRAINT ck_scenario_scenario_not_empty CHECK ("scenario" <> ''),
    CONSTRAINT ck_scenario_position_at_least_1 CHECK (position >= 1),
    CONSTRAINT fk_scenario_study_id FOREIGN KEY(study_id) REFERENCES study (study_id),
    CONSTRAINT uq_scenario_study_id_position UNIQUE (study_id, position)
);

CREATE TABLE draw_summary (
    study_id BIGINT NOT NULL,
    scenario TEXT NOT NULL,
    draw INTEGER NOT NULL,
    metric TEXT NOT NULL,
    value DOUBLE PRECISION,
    CONSTRAINT pk_draw_summary PRIMARY KEY (study_id, scenario, draw, metric),
    CONSTRAINT ck_draw_summary_metric_not_empty CHECK ("metric" <> ''),
    CONSTRAINT ck_draw_summary_draw_at_least_0 CHECK (draw >= 0),
    CONSTRAINT fk_draw_summary_study_id_scenario FOREIGN KEY(study_id, scenario) REFERENCES scenario (study_id, scenario)
);

CREATE TABLE study_view (
    study_id BIGINT NOT NULL,
    view TEXT NOT NULL,
    group_keys JSON NOT NULL,
    is_difference BOOLEAN NOT NULL,
    fingerprint TEXT NOT NULL,
    CONSTRAINT pk_study_view PRIMARY KEY (study_id, view),
    CONSTRAINT ck_study_view_view_not_empty CHECK ("view" <> ''),
    CONSTRAINT ck_study_view_is_difference_is_bool CHECK (is_difference IN (TRUE, FALSE)),
    CONSTRAINT fk_study_view_study_id FOREIGN KEY(study_id) REFERENCES study (study_id)
);

CREATE TABLE study_band (
    study_id BIGINT NOT NULL,
    view TEXT NOT NULL,
    position INTEGER NOT NULL,
    scenario TEXT NOT NULL,
    metric TEXT NOT NULL,
    cell TEXT NOT NULL,
    estimate DOUBLE PRECISION,
    lower DOUBLE PRECISION,
    upper DOUBLE PRECISION,
    level DOUBLE PRECISION NOT NULL,
    kind TEXT NOT NULL,
    n_draws INTEGER NOT NULL,
    CONSTRAINT pk_study_band PRIMARY KEY (study_id, view, position),
    CONSTRAINT ck_study_band_kind_known CHECK (kind IN ('outcome', 'mean', 'input')),
    CONSTRAINT ck_study_band_metric_not_empty CHECK ("metric" <> ''),
    CONSTRAINT ck_study_band_level_is_share CHECK (level > 0 AND level < 1),
    CONSTRAINT ck_study_band_band_in_order CHECK (lower <= upper),
    CONSTRAINT ck_study_band_n_draws_at_least_0 CHECK (n_draws >= 0),
    CONSTRAINT ck_study_band_position_at_least_1 CHECK (position >= 1),
    CONSTRAINT fk_study_band_study_id_scenario FOREIGN KEY(study_id, scenario) REFERENCES scenario (study_id, scenario),
    CONSTRAINT fk_study_band_study_id_view FOREIGN KEY(study_id, view) REFERENCES study_view (study_id, view),
    CONSTRAINT uq_study_band_study_id_view_scenario_metric_cell_level_kind UNIQUE (study_id, view, scenario, metric, cell, level, kind)
);

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

COMMIT;
