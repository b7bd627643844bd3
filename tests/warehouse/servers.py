"""PostgreSQL servers that a test may stop and start.

Where the programs of PostgreSQL are installed, a private cluster that asks for a password. Everywhere else a door
before the server that the tests were given: shut, it breaks every connection and takes no new one.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from sqlalchemy import make_url

PASSWORD = "open-sesame-42"  # noqa: S105 - of a server that lives as long as the test


class Door:
    """Passes bytes between clients and a server, until it is shut; opens again at the same port."""

    def __init__(self, url: str) -> None:
        self.server = make_url(url)
        self.port = _free_port()
        self.url = self.server.set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)
        self.sockets: list[socket.socket] = []
        self.start()

    def start(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.sockets.clear()

    close = stop

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.server.host or "127.0.0.1", self.server.port or 5432))
            self.sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Cluster:
    """A private PostgreSQL that asks for a password; stopped at once and without a farewell, as by a power cut."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.home = Path(tempfile.mkdtemp(prefix="carms_cluster_"))
        self.port = _free_port()
        # initdb refuses to run as root; the server's own account is there wherever the server is
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.home, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)
        secret = self.home / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "--pgdata", self.home / "data", "--username", "keeper", "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        self.url = f"postgresql+psycopg://keeper:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self.start()

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [self.programs / program, *map(str, arguments)],
            check=True, user=self.user, cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB"
        self._run("pg_ctl", "start", "-w", "-D", self.home / "data", "-o", options, "-l", self.home / "log")

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-D", self.home / "data", "-m", "immediate")

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # the test may have left it stopped
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def open_server(url: str) -> Door | Cluster:
    """Return a private cluster, or a door before the server at `url`."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("pg_ctl")
    places += [Path(found).resolve().parent] if found else []
    for programs in places:
        if all((programs / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return Cluster(programs)
    return Door(url)


def refuse_logins(message: str, state: str) -> tuple[int, threading.Thread]:
    """Return the port of a server that refuses one login in the words of PostgreSQL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            client, _ = listener.accept()
            with client:
                first = client.recv(1024)
                if first[4:8] in {b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"}:  # asks for encryption
                    client.sendall(b"N")
                    client.recv(1024)
                fields = b"".join(
                    code + text.encode() + b"\0"
                    for code, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", state), (b"M", message))
                )
                client.sendall(b"E" + (len(fields) + 5).to_bytes(4, "big") + fields + b"\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname()[1], thread


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
