INSERT INTO "build_check" ("build_id", "step", "check", "table", "severity", "passed", "observed", "expected", "failing_keys", "kind", "measured", "threshold") VALUES
    ('b1', 'silver', 'share set aside', 'page', 'critical', TRUE, '0 of 6 (0.0%)', 'at most 5.0%', '', 'quarantine', 0.0, 0.05);
