INSERT INTO "study" ("study_id", "fingerprint", "release_id", "entropy", "n_draws", "provenance", "library_version", "loaded_at") VALUES
    (1, '83b41cf410624061eb4a63379abd33c3', '9001', '2025', 2, '{"release_id": "9001", "sources": {"pages_9001.zip": "abababababababababababababababababababababababababababababababab"}, "versions": {"python": "3.11.7"}, "entropy": 2025, "settings": {"n_draws": 2}}', '0.1.0', '2030-01-04 00:00:00.000000');

INSERT INTO "scenario" ("study_id", "scenario", "position") VALUES
    (1, 'baseline', 1),
    (1, 'more', 2);

INSERT INTO "draw_summary" ("study_id", "scenario", "draw", "metric", "value") VALUES
    (1, 'baseline', 0, 'matched', 10.0),
    (1, 'baseline', 1, 'matched', 12.0),
    (1, 'more', 0, 'matched', 11.0),
    (1, 'more', 1, 'matched', 12.5);

INSERT INTO "study_view" ("study_id", "view", "group_keys", "is_difference", "fingerprint") VALUES
    (1, 'pressure by discipline', '["discipline"]', FALSE, '93ab635d883e2a6aac8b766a5ac8d62a');

INSERT INTO "study_band" ("study_id", "view", "position", "scenario", "metric", "cell", "estimate", "lower", "upper", "level", "kind", "n_draws") VALUES
    (1, 'pressure by discipline', 1, 'baseline', 'pressure', '{"discipline": "Psychiatry"}', 0.25, 0.2, 0.3, 0.9, 'outcome', 2),
    (1, 'pressure by discipline', 2, 'more', 'pressure', '{"discipline": "Psychiatry"}', 0.2, 0.15, 0.25, 0.9, 'outcome', 2);
