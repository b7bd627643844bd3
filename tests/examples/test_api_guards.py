"""What keeps the service safe and seen: keys, rates, origins, headers, problems, metrics, logs, readiness."""

from __future__ import annotations

import json
import logging

import pytest

pytest.importorskip("fastapi", reason="pip install 'carms-lib[examples]'")

GUARDED = ["/programs", "/programs/27447", "/programs/search?q=a", "/disciplines", "/map",
           "/analytics/match-pressure", "/analytics/preferences", "/scenarios/" + 24 * "0"]  # fmt: skip


class TestAccess:
    @pytest.mark.parametrize("path", GUARDED)
    @pytest.mark.parametrize("key", ["", "a guess"])
    def test_nothing_is_read_without_a_key(self, client, path, key):
        refused = client.get(path, headers={"X-API-Key": key})
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "ApiKey"
        assert refused.headers["Content-Type"] == "application/problem+json"

    def test_every_route_but_the_open_ones_is_guarded(self, client):
        paths = client.get("/openapi.json").json()["paths"]
        open_ones = {path for path, said in paths.items() for one in said.values() if "security" not in one}
        assert open_ones == {"/health", "/ready"}

    def test_a_service_without_keys_or_with_a_bare_key_does_not_start(self, settings_for):
        for keys, said in (({}, "at least 1 item"), ({"me": "secret"}, "is not a SHA-256")):
            with pytest.raises(ValueError, match=said):
                settings_for("sqlite://", keys=keys)

    def test_settings_come_from_the_environment_and_do_not_show_the_address(self, monkeypatch):
        from examples.api.settings import Settings, hash_key

        monkeypatch.setenv("CARMS_API_DATABASE_URL", "postgresql+psycopg://reader:secret@host/carms")
        monkeypatch.setenv("CARMS_API_KEYS", json.dumps({"page": hash_key("k")}))
        settings = Settings()
        assert settings.keys == {"page": hash_key("k")}
        assert "secret" not in repr(settings)

    def test_who_asks_too_fast_must_wait_and_others_need_not(self, client_for, published):
        from examples.api.settings import hash_key

        keys = {"one": hash_key("key one"), "two": hash_key("key two")}
        client = client_for(published, keys=keys, rate=0.5, burst=3)
        codes = [client.get("/disciplines", headers={"X-API-Key": "key one"}).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        refused = client.get("/disciplines", headers={"X-API-Key": "key one"})
        assert 1 <= int(refused.headers["Retry-After"]) <= 3
        assert client.get("/disciplines", headers={"X-API-Key": "key two"}).status_code == 200
        guesses = [client.get("/disciplines", headers={"X-API-Key": f"guess {n}"}).status_code for n in range(4)]
        assert guesses == [401, 401, 401, 429]  # whoever tries keys is slowed down by the address

    def test_a_bucket_fills_again_and_never_over_its_brim(self):
        from examples.api.access import Limiter

        now = 0.0
        limiter = Limiter(rate=2.0, burst=2, clock=lambda: now)
        assert [limiter.take("a"), limiter.take("a"), limiter.take("a")] == [0.0, 0.0, 0.5]
        now = 0.5
        assert limiter.take("a") == 0.0
        now = 1_000.0
        assert [limiter.take("a"), limiter.take("a"), limiter.take("a")] == [0.0, 0.0, 0.5]


class TestBrowsers:
    def preflight(self, client):
        return client.options(
            "/map", headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
        )

    def test_other_sites_may_not_call_unless_named(self, client, client_for, published):
        assert "access-control-allow-origin" not in self.preflight(client).headers
        opened = client_for(published, cors_origins=["https://elsewhere.example"])
        assert self.preflight(opened).headers["access-control-allow-origin"] == "https://elsewhere.example"

    def test_every_answer_keeps_the_browser_safe(self, client):
        for path in ("/", "/page.js", "/map", "/nowhere", "/programs?limit=0"):
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"


class TestProblems:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/nowhere", 404),
            ("GET", "/programs/abc", 422),
            ("GET", "/programs?limit=0", 422),
            ("DELETE", "/programs", 405),
            ("POST", "/scenarios", 422),
        ],
    )
    def test_every_failure_is_a_problem_with_the_id_of_its_request(self, client, method, path, status):
        answer = client.request(method, path)
        problem = answer.json()
        assert (answer.status_code, problem["status"]) == (status, status)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert problem["request_id"] == answer.headers["X-Request-ID"]
        assert problem["detail"]

    def test_an_id_of_the_caller_is_kept_if_it_is_plain(self, client):
        ids = {given: client.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"]
               for given in ("trace-0123456789", "short", "spaces and <signs>")}  # fmt: skip
        assert ids["trace-0123456789"] == "trace-0123456789"
        assert len(ids["short"]) == len(ids["spaces and <signs>"]) == 32

    def test_what_nobody_foresaw_tells_nothing_of_the_inside(self, client, monkeypatch, caplog):
        def fail(*_):
            raise RuntimeError("the password is 1234")

        monkeypatch.setattr(client.app.state.service, "disciplines", fail)
        answer = client.get("/disciplines")
        assert answer.status_code == 500
        assert "1234" not in answer.text
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
        assert "the password is 1234" in caplog.text


class TestOperation:
    def test_alive_without_a_database_and_not_ready(self, client_for, tmp_path):
        client = client_for(f"sqlite:///{tmp_path / 'nothing.db'}")
        assert client.get("/health").json()["status"] == "alive"
        answer = client.get("/ready")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "nothing.db" not in answer.text

    def test_not_ready_before_anything_was_published_and_ready_after(self, client_for, layers, study, tmp_path):
        import carms_lib as carms
        from examples.api.publish import keep

        url = f"sqlite:///{tmp_path / 'carms.db'}"
        client = None
        with carms.open_warehouse(url) as warehouse:
            warehouse.upgrade()
            client = client_for(url, cache_seconds=0)
            assert client.get("/ready").json()["detail"] == "No release was published yet."
            warehouse.write(layers)
            assert client.get("/ready").json()["detail"] == "Release 1503 has no study yet."
        keep(url, layers, study)
        assert client.get("/ready").json() == {"status": "ready", "release": "1503", "study": 1}

    def test_latency_is_counted_by_route_and_status_not_by_path(self, client):
        for path in ("/programs/27447", "/programs/27446", "/programs/x", "/nowhere/1", "/nowhere/2"):
            client.get(path)
        client.request("BREW", "/health")
        text = client.get("/metrics").text
        name = "carms_api_request_seconds_count"
        assert f'{name}{{method="GET",route="/programs/{{program_stream_id}}",status="200"}} 2.0' in text
        assert f'{name}{{method="GET",route="/programs/{{program_stream_id}}",status="422"}} 1.0' in text
        assert f'{name}{{method="GET",route="(none)",status="404"}} 2.0' in text
        assert "BREW" not in text
        assert "27447" not in text
        assert 'carms_api_jobs{status="waiting"} 0.0' in text

    def test_each_request_leaves_one_line_without_what_was_asked(self, client, caplog):
        with caplog.at_level(logging.INFO, logger="examples.api.access"):
            answer = client.get("/programs/search", params={"q": "something private"})
        (line,) = [record.getMessage() for record in caplog.records if record.name == "examples.api.access"]
        told = json.loads(line)
        assert told["request_id"] == answer.headers["X-Request-ID"]
        assert (told["caller"], told["route"], told["status"]) == ("tester", "/programs/search", 200)
        assert told["ms"] > 0
        assert "private" not in line
