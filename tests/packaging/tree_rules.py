"""The rules of the tree that no off-the-shelf linter checks, as functions over a folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60
NATIVE_DOORS = {
    "__init__.py",
    "clock.py",
    "stats/sketch.py",
    "transport/frames.py",
}
NATIVE_ROOMS = ("membership/", "testing/", "commands/", "web/")
DASK_PATHS = {
    "cli",
    "comm",
    "dashboard",
    "deploy",
    "diagnostics",
    "http",
    "protocol",
    "shuffle",
    "widgets",
    "client.py",
    "config.py",
    "core.py",
    "event.py",
    "exceptions.py",
    "metrics.py",
    "node.py",
    "process.py",
    "security.py",
    "system.py",
    "versions.py",
    "worker.py",
}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager_manager"}


def python_files(root: Path) -> Iterator[Path]:
    """Source files below `root`, sorted."""
    return (path for path in sorted(root.rglob("*.py")) if "__pycache__" not in path.parts)


def rust_files(root: Path) -> Iterator[Path]:
    """Source files below `root`, sorted, build output left out."""
    return (path for path in sorted(root.rglob("*.rs")) if "target" not in path.parts)


def oversized_files(*roots: Path) -> list[str]:
    """Files longer than the limit."""
    found = []
    for root in roots:
        for path in [*python_files(root), *rust_files(root)]:
            lines = len(path.read_text().splitlines())
            if lines > FILE_LINES:
                found.append(f"{path}: {lines} lines, {FILE_LINES} at most; it holds two ideas")
    return found


def oversized_functions(root: Path) -> list[str]:
    """Python functions longer than the limit, their docstring included."""
    found = []
    for path in python_files(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    found.append(
                        f"{path}:{node.lineno}: {node.name} has {lines} lines, "
                        f"{FUNCTION_LINES} at most"
                    )
    return found


def stray_native_imports(package: Path) -> list[str]:
    """Imports of the extension outside the rooms that own it."""
    found = []
    for path in python_files(package):
        place = path.relative_to(package).as_posix()
        if place in NATIVE_DOORS or place.startswith(NATIVE_ROOMS):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom):
                base = node.module or ""
                names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if any(name.split(".")[-1] == "_native" for name in names):
                found.append(f"{path}:{node.lineno}: only its owning rooms import _native")
    return found


def swallowed_exceptions(package: Path) -> list[str]:
    """Handlers of broad exceptions whose body does nothing with them."""
    found = []
    for path in python_files(package):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
            )
            idle = all(isinstance(line, ast.Pass | ast.Continue | ast.Break) for line in node.body)
            if node.type is None or (broad and idle):
                found.append(f"{path}:{node.lineno}: an error is caught and dropped")
    return found


def paths_shared_with_dask(package: Path) -> list[str]:
    """Files or folders of ours that pip would let dask's distribution overwrite."""
    return [
        f"{package / name}: dask ships this path"
        for name in sorted(DASK_PATHS)
        if (package / name).exists()
    ]


def vague_names(*roots: Path) -> list[str]:
    """Rooms without an idea in their name."""
    found = []
    for root in roots:
        for path in [*python_files(root), *rust_files(root)]:
            parts = [part.removesuffix(".py").removesuffix(".rs") for part in path.parts]
            if VAGUE_NAMES & set(parts):
                found.append(f"{path}: name it after what it holds")
    return found


def unguarded_packages(package: Path, names: tuple[str, ...]) -> list[str]:
    """Top packages that do not refuse to live beside dask's distribution."""
    found = []
    for name in names:
        init = package / name / "__init__.py"
        if "_coexist.check()" not in init.read_text():
            found.append(f"{init}: calls _coexist.check() before anything else")
    return found
