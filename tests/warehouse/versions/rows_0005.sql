INSERT INTO "build_run" ("build_id", "release_id", "started_at", "seconds", "failure_class", "load_run_id", "record") VALUES
    ('b1', '9001', '2030-01-03 00:00:00.000000', 2.5, NULL, 3, '{"run_id": "b1", "release_id": "9001", "started_at": "2030-01-03T00:00:00+00:00", "seconds": 2.5, "failure_class": null, "timings": {"silver": 2.0}}');

INSERT INTO "build_timing" ("build_id", "position", "step", "seconds") VALUES
    ('b1', 1, 'silver', 2.0);

INSERT INTO "build_check" ("build_id", "step", "check", "table", "severity", "passed", "observed", "expected", "failing_keys") VALUES
    ('b1', 'silver', 'rows conserved', 'page', 'critical', TRUE, '6', '6', '');
