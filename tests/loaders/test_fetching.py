"""Downloading: from a server on this machine, with everything that can go wrong."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from carms_lib.exceptions import FetchError, SourceError, UnknownNameError

# private: a server of ours takes the registry's place
from carms_lib.loaders import _fetch, fetch_release, load_release
from carms_lib.provenance import sha256_bytes

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Server:
    """What the server has, what it does wrong, and what was asked of it."""

    files: dict[str, bytes]
    status: dict[str, int] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(small):
    state = Server(dict(small.with_page_archive().files))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rpartition("/")[2]
            state.asked.append(name)
            content = state.files.get(name, b"")
            self.send_response(state.status.get(name, 200 if name in state.files else 404))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(content[: len(content) // 2] if name in state.cut else content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        state.url = f"http://127.0.0.1:{web.server_port}/raw/"
        thread = threading.Thread(target=web.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            web.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def registry(monkeypatch, server):
    """The registry points to the server on this machine; no environment of the user's has a say."""
    published = replace(
        _fetch._REGISTRY["1503"],
        base_url=server.url,
        workbooks={name: sha256_bytes(content) for name, content in server.files.items() if name.endswith(".xlsx")},
    )
    for variable in ("CARMS_DATA_DIR", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setitem(_fetch._REGISTRY, "1503", published)
    return published


WORKBOOKS = ["1503_discipline.xlsx", "1503_program_master.xlsx"]


def test_the_files_are_brought_and_can_be_loaded(small, server, tmp_path):
    folder = fetch_release(cache_dir=tmp_path)
    assert folder == tmp_path / "release_1503"
    assert sorted(file.name for file in folder.iterdir()) == [*WORKBOOKS, "program_descriptions.zip"]
    expected = load_release(small.with_page_archive().write(tmp_path / "expected"))
    release = load_release(folder)
    pd.testing.assert_frame_equal(release["page"], expected["page"])
    assert release.sources["sha256"].tolist() == expected.sources["sha256"].tolist()


def test_nothing_is_brought_twice_and_no_network_is_needed_then(server, tmp_path, monkeypatch, registry):
    fetch_release(cache_dir=tmp_path)
    asked = list(server.asked)
    monkeypatch.setitem(_fetch._REGISTRY, "1503", replace(registry, base_url="http://127.0.0.1:9/gone/"))
    assert fetch_release(cache_dir=str(tmp_path)) == tmp_path / "release_1503"
    assert server.asked == asked
    assert len(asked) == 3


def test_another_form_of_the_pages_is_taken_when_the_first_is_not_there(small, build, server, tmp_path):
    name = "1503_markdown_program_descriptions_v2"
    server.files[f"{name}.zip"] = build.zipped({f"{name}.json": small.with_json().files[f"{name}.json"]})
    del server.files["program_descriptions.zip"]
    release = load_release(fetch_release(cache_dir=tmp_path))
    assert release.origin == "folder (JSON in an archive)"
    assert len(release["page"]) == 2
    server.asked.clear()
    fetch_release(cache_dir=tmp_path)
    assert server.asked == []  # the form at hand comes first, although it is second in order


def test_the_default_cache_is_that_of_the_system(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = fetch_release()
    assert folder.name == "release_1503"
    assert folder.parent.name == "carms-lib"
    assert tmp_path in folder.parents


def test_the_users_own_folder_comes_first(small, server, tmp_path, monkeypatch):
    own = small.with_pages().write(tmp_path / "own" / "release_1503")
    monkeypatch.setenv("CARMS_DATA_DIR", str(tmp_path / "own"))
    assert fetch_release() == own
    assert server.asked == []
    assert fetch_release(cache_dir=tmp_path / "cache") == tmp_path / "cache" / "release_1503"
    assert len(server.asked) == 3


def test_a_users_folder_without_the_release_is_passed_over(server, tmp_path, monkeypatch):
    monkeypatch.setenv("CARMS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / "release_1503" != fetch_release()
    assert len(server.asked) == 3


def test_a_users_folder_that_is_no_release_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "release_1503").mkdir()
    monkeypatch.setenv("CARMS_DATA_DIR", str(tmp_path))
    with pytest.raises(SourceError, match="it has no workbook"):
        fetch_release()


def test_an_unknown_release():
    with pytest.raises(UnknownNameError, match=r"release_id='1504' is unknown\. Did you mean '1503'\?"):
        fetch_release("1504")


def check(error: FetchError, folder: Path) -> None:
    message = str(error)
    assert "github.com/dnokes/Junior-Data-Scientist" in message
    assert str(folder) in message
    assert "CARMS_DATA_DIR" in message
    assert "load_release()" in message
    assert isinstance(error, ConnectionError)


def files_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_a_server_that_refuses(tmp_path, monkeypatch, registry):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        monkeypatch.setitem(_fetch._REGISTRY, "1503", replace(registry, base_url=url))
        with pytest.raises(FetchError, match=r"no answer or a broken one \(ConnectionError\)") as caught:
            fetch_release(cache_dir=tmp_path)
    check(caught.value, tmp_path / "release_1503")
    assert files_in(tmp_path / "release_1503") == []


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_that_is_not_there(server, tmp_path, name):
    del server.files[name]
    with pytest.raises(FetchError, match=rf"{name} could not be fetched from .*it is not there \(404\)") as caught:
        fetch_release(cache_dir=tmp_path)
    check(caught.value, tmp_path / "release_1503")
    assert name not in files_in(tmp_path / "release_1503")


def test_pages_that_are_not_there_in_any_form(server, tmp_path):
    del server.files["program_descriptions.zip"]
    with pytest.raises(FetchError, match=r"no form of the pages is there \(404\)"):
        fetch_release(cache_dir=tmp_path)
    assert server.asked[2:] == list(_fetch._REGISTRY["1503"].pages)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_server_that_fails(server, tmp_path, status):
    server.status["1503_discipline.xlsx"] = status
    with pytest.raises(FetchError, match=str(status)) as caught:
        fetch_release(cache_dir=tmp_path)
    check(caught.value, tmp_path / "release_1503")
    assert files_in(tmp_path / "release_1503") == []


def test_a_server_that_fails_is_not_taken_for_one_without_the_file(server, tmp_path):
    server.status["program_descriptions.zip"] = 503
    with pytest.raises(FetchError, match="503"):
        fetch_release(cache_dir=tmp_path)
    assert server.asked[-1] == "program_descriptions.zip"


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_that_is_another(server, tmp_path, name):
    server.files[name] += b"!"
    with pytest.raises(FetchError, match="what came is not the published file") as caught:
        fetch_release(cache_dir=tmp_path)
    check(caught.value, tmp_path / "release_1503")
    assert name not in files_in(tmp_path / "release_1503")


@pytest.mark.parametrize("name", [*WORKBOOKS, "program_descriptions.zip"])
def test_a_download_that_breaks_off(server, tmp_path, name):
    server.cut.add(name)
    with pytest.raises(FetchError) as caught:
        fetch_release(cache_dir=tmp_path)
    check(caught.value, tmp_path / "release_1503")
    assert name not in files_in(tmp_path / "release_1503")
    server.cut.clear()
    assert len(load_release(fetch_release(cache_dir=tmp_path))["page"]) == 2


def test_pages_that_came_damaged_are_not_kept(server, tmp_path):
    whole = server.files["program_descriptions.zip"]
    server.files["program_descriptions.zip"] = whole[: len(whole) // 2]
    with pytest.raises(FetchError, match="is no sound archive") as caught:
        fetch_release(cache_dir=tmp_path)
    check(caught.value, tmp_path / "release_1503")
    assert files_in(tmp_path / "release_1503") == WORKBOOKS
    server.files["program_descriptions.zip"] = whole
    assert fetch_release(cache_dir=tmp_path)


def test_a_cached_workbook_that_was_changed_is_brought_again(server, tmp_path):
    folder = fetch_release(cache_dir=tmp_path)
    (folder / WORKBOOKS[0]).write_bytes(b"changed")
    server.asked.clear()
    fetch_release(cache_dir=tmp_path)
    assert server.asked == [WORKBOOKS[0]]
    assert (folder / WORKBOOKS[0]).read_bytes() == server.files[WORKBOOKS[0]]


def test_a_cache_that_cannot_be_written(server, tmp_path):
    (tmp_path / "release_1503").write_bytes(b"a file where the folder should be")
    with pytest.raises(FetchError, match="cannot be written"):
        fetch_release(cache_dir=tmp_path)


@pytest.mark.release
def test_the_registry_has_the_hashes_of_the_published_workbooks(release_dir):
    with pytest.MonkeyPatch.context() as patch:
        patch.undo()
        from importlib import reload

        workbooks = reload(_fetch)._REGISTRY["1503"].workbooks
    assert {name: sha256_bytes((release_dir / name).read_bytes()) for name in workbooks} == workbooks
