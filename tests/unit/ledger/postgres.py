"""A PostgreSQL server of the test's own: private folder, private port, its own user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from itertools import count
from pathlib import Path

from tests.ports import free_port

USER = "postgres"
_numbers = count(1)


def _bin_folder() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    return versions[0].parent if versions else None


def missing_postgres() -> str:
    """Why no server can be started here; "" where one can."""
    if _bin_folder() is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return f"PostgreSQL refuses root and there is no user {USER!r}"
    return ""


class PostgresServer:
    """initdb and the server under `folder`; `sync` off by default, since tests kill nothing."""

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        found = _bin_folder()
        assert found is not None
        self._bin = found
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self._options = f"-F -p {self.port}" if not fsync else f"-p {self.port}"

    def run(self, *command: str) -> str:
        """Run one of PostgreSQL's programs as its own user; what it printed.

        Raises:
            RuntimeError: it failed; carries what it printed.
        """
        argv = [str(self._bin / command[0]), *command[1:]]
        if os.geteuid() == 0:
            argv = ["runuser", "-u", USER, "--", *argv]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{argv}: {done.stdout}{done.stderr}")
        return done.stdout

    def own(self) -> None:
        """Give the folder to the server's user."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER, USER)

    def start(self) -> None:
        """Make the data folder where there is none, and start serving."""
        if not self.data.exists():
            self.own()
            self.run("initdb", "-D", str(self.data), "-A", "trust", "-U", USER, "-N")
        options = f"{self._options} -c listen_addresses=127.0.0.1 -k {self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.data), "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def sql(self, statement: str) -> str:
        """Run one statement as the superuser; what it printed.

        Raises:
            RuntimeError: it failed.
        """
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres"]
        return self.run("psql", *where, "-X", "-A", "-t", "-c", statement)

    def follow(self, primary: PostgresServer, name: str) -> None:
        """Become a synchronous standby of `primary`, and serve.

        Raises:
            RuntimeError: the copy failed, or the standby did not start.
        """
        self.own()
        source = f"host=127.0.0.1 port={primary.port} user={USER} application_name={name}"
        self.run("pg_basebackup", "-D", str(self.data), "-R", "-d", source, "-c", "fast")
        self.start()
        primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        primary.sql("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Stop following and take writes; returns when it does."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def fresh_database(self) -> str:
        """Create an empty database; its address."""
        name = f"ledger_{next(_numbers)}"
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name)
        return self.url(name)

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"
