"""Merging settings from flags, environment and TOML, remembering where each came from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from distributed.errors import ConfigError

PREFIX = "SHOAL_"

T = TypeVar("T", bound=msgspec.Struct)


class Setting(msgspec.Struct, frozen=True):
    """One setting of a tree: its dotted path, type, default and environment variable."""

    path: str
    type: Any
    default: Any
    variable: str
    secret: bool


class Loaded(msgspec.Struct, Generic[T], frozen=True):
    """A merged tree and, for each dotted path, where its value came from."""

    tree: T
    origins: dict[str, str]


def settings_of(tree: type[msgspec.Struct], prefix: str = "") -> Iterator[Setting]:
    """Every leaf of a settings tree, in order of definition."""
    hints = get_type_hints(tree, include_extras=True)
    for field in msgspec.structs.fields(tree):
        path = f"{prefix}{field.name}"
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from settings_of(field.type, f"{path}.")
            continue
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        extra = getattr(hints[field.name], "__metadata__", ())
        secret = any(
            isinstance(mark, msgspec.Meta) and (mark.extra or {}).get("secret") for mark in extra
        )
        variable = PREFIX + path.replace(".", "_").upper()
        yield Setting(path, _bare(field.type), default, variable, secret)


def _bare(kind: Any) -> Any:
    """The type without what is annotated to it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def load(
    tree: type[T],
    *,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Loaded[T]:
    """Merge flags over environment over TOML over defaults.

    `flags` maps dotted paths to values, None meaning not given.

    Raises:
        ConfigError: a file that cannot be read, an unknown name (with the nearest known
            one), or a value of the wrong type; names the setting and the source.
    """
    known = {setting.path: setting for setting in settings_of(tree)}
    values: dict[str, Any] = {}
    origins = dict.fromkeys(known, "default")
    for path, value in _from_file(file, known):
        values[path], origins[path] = value, f"file {file}"
    variables = {setting.variable: setting for setting in known.values()}
    for name, text in sorted((environment or {}).items()):
        if name in variables:
            path = variables[name].path
            values[path], origins[path] = _parsed(text, variables[name]), f"environment {name}"
    for path, value in (flags or {}).items():
        if value is None:
            continue
        if path not in known:
            raise ConfigError(f"no such setting{_nearest(path, known)}", field=path)
        values[path], origins[path] = value, "flag"
    return Loaded(_built(tree, values, origins), origins)


def _from_file(file: Path | None, known: Mapping[str, Setting]) -> Iterator[tuple[str, Any]]:
    if file is None:
        return
    try:
        table = tomllib.loads(file.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", field="file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}", field="file") from error
    for path, value in _leaves(table, known):
        if path not in known:
            raise ConfigError(f"no such setting in {file}{_nearest(path, known)}", field=path)
        yield path, value


def _leaves(
    table: Mapping[str, Any], known: Mapping[str, Setting], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and path not in known:
            yield from _leaves(value, known, f"{path}.")
        else:
            yield path, value


def _nearest(path: str, known: Mapping[str, Setting]) -> str:
    import difflib

    close = difflib.get_close_matches(path, list(known), n=1, cutoff=0.4)
    return f"; did you mean {close[0]}?" if close else ""


def _parsed(text: str, setting: Setting) -> Any:
    """Read a variable: JSON where it is a list or map, `a,b` for lists, else as it is."""
    if text[:1] in "[{":
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ConfigError(
                f"{setting.variable} starts like JSON and is not: {error}", field=setting.path
            ) from error
    if get_origin(setting.type) in (list, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _built(tree: type[T], values: Mapping[str, Any], origins: Mapping[str, str]) -> T:
    nested: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split(".")
        table = nested
        for parent in parents:
            table = table.setdefault(parent, {})
        table[leaf] = value
    try:
        return msgspec.convert(nested, tree, strict=False)
    except msgspec.ValidationError as error:
        text = str(error)
        reason, _, place = text.partition(" - at `$")
        path = place.rstrip("`").lstrip(".").split("[")[0]
        source = origins.get(path, "")
        choices = _choices(tree, path)
        if choices:
            reason = f"{reason}, expected one of {', '.join(choices)}"
        raise ConfigError(f"{reason} (from {source})" if source else reason, field=path) from error


def _choices(tree: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    """What a setting of a closed set may be; empty for an open one."""
    for setting in settings_of(tree):
        if setting.path == path and get_origin(setting.type) is Literal:
            return get_args(setting.type)
    return ()
