"""Python and the packages that tuneful asks for, by their metadata: nothing is imported."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement

from tuneful.doctor.finding import Finding, Place, ok, problem, warning

NAMED = ("ray", "optuna", "timm", "torch", "torchvision", "torchaudio", "soundfile", "silero-vad")
"""Packages whose version is said where all is well"""
TESTS = "test"


def python_and_packages(place: Place) -> Iterator[Finding]:
    """Python and every required package within the bounds of tuneful's own metadata."""
    del place
    wanted = Requirement(f"python{metadata('tuneful')['Requires-Python']}").specifier
    have = platform.python_version()
    if wanted.contains(have, prereleases=True):
        yield ok("python", have)
    else:
        yield problem("python", f"{have}, tuneful needs {wanted}", f"a virtual environment with Python {wanted}")
    needed = [one for one in requirements() if one.marker is None]
    misfits = [misfit for one in needed if (misfit := misfit_of(one))]
    for name, text in misfits:
        yield problem(name, text, f'pip install --upgrade "{_spelled(needed, name)}"')
    if not misfits:
        named = ", ".join(f"{name} {version(name)}" for name in NAMED if any(one.name == name for one in needed))
        yield ok("packages", f"{len(needed)} within bounds, among them {named}")


def optional_packages(place: Place) -> Iterator[Finding]:
    """What the optional extras add."""
    del place
    for extra in metadata("tuneful").get_all("Provides-Extra") or []:
        own = [one for one in requirements() if one.marker and f"'{extra}'" in str(one.marker).replace('"', "'")]
        missing = [f"{name}: {text}" for one in own if (misfit := misfit_of(one)) for name, text in [misfit]]
        if extra == TESTS:
            continue
        if missing:
            yield warning(extra, "; ".join(missing), f"pip install 'tuneful[{extra}]', where you need it")
        else:
            yield ok(extra, ", ".join(f"{one.name} {version(one.name)}" for one in own))


def requirements() -> list[Requirement]:
    """What tuneful asks for, extras too."""
    return [Requirement(text) for text in requires("tuneful") or []]


def misfit_of(wanted: Requirement) -> tuple[str, str] | None:
    """(name, what is wrong) of a package that is missing or out of bounds."""
    try:
        have = version(wanted.name)
    except PackageNotFoundError:
        return wanted.name, f"not installed, wanted {wanted.specifier}"
    if wanted.specifier.contains(have, prereleases=True):
        return None
    return wanted.name, f"{have}, wanted {wanted.specifier}"


def _spelled(needed: list[Requirement], name: str) -> str:
    return str(next(one for one in needed if one.name == name))
