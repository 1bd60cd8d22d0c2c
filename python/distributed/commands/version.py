"""What this installation was built from."""

from __future__ import annotations


def version_text() -> str:
    """Version, build profile and compiler, for reports and benchmarks."""
    from distributed._native import build_profile, compiler_version, version

    return f"shoal {version()} ({build_profile()} build, {compiler_version()})"
