INSERT INTO "study_view" ("study_id", "view", "group_keys", "is_difference", "fingerprint", "against") VALUES
    (1, 'change', '[]', TRUE, '0f9c1f7d5a0e4b6c8d2a3b4c5d6e7f80', 'baseline');

INSERT INTO "study_band" ("study_id", "view", "position", "scenario", "metric", "cell", "estimate", "lower", "upper", "level", "kind", "n_draws", "median", "share_zero", "effective_draws") VALUES
    (1, 'change', 1, 'more', 'matched', '{}', 0.75, 0.0, 1.5, 0.9, 'outcome', 2, 0.75, NULL, 2.0);
