"""What holds for the repository as a whole: its layout, its wheel, its promises in words, how light a mistake is."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trainers.config.build import load_recipe, parse_overrides, recipe_names, unknown_field
from tuneful.cli.main import app
from tuneful.space.locate import find_sweep_file
from tuneful.space.sweep import load_sweep

ROOT = Path(__file__).parent.parent
PACKAGES = {"tuneful": "platform/tuneful", "trainers": "trainers", "analysis": "analysis"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HEAVY = {"torch", "ray", "timm", "torchaudio", "torchvision", "wandb", "optuna"}
LIMIT_MB = 300


def tracked() -> list[Path]:
    """The files that a clone would have, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def python(code: str, *args: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# ---- layout


def test_importing_platform_from_the_root_is_the_standard_librarys():
    done = python("import platform; print(platform.__file__, platform.python_version())")
    assert done.returncode == 0, done.stderr
    assert not Path(done.stdout.split()[0]).is_relative_to(ROOT / "platform")
    assert done.stdout.split()[1] == ".".join(map(str, sys.version_info[:3]))


def test_no_folder_that_would_hide_it():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert not (ROOT / "tests" / "platform").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))


# ---- modules


def modules() -> Iterator[str]:
    for package, folder in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = [package, *path.relative_to(ROOT / folder).with_suffix("").parts]
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="module")
def imported() -> dict[str, str]:
    """Module -> why it can't be imported; all in one process."""
    code = (
        "import importlib, json, sys\nfailed = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: importlib.import_module(name)\n"
        "    except BaseException as error: failed[name] = repr(error)\n"
        "print(json.dumps(failed))"
    )
    done = python(code, *modules())
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", list(modules()))
def test_every_module_can_be_imported(imported, module):
    assert module not in imported, imported[module]


# ---- what a mistake costs

WEIGH = """
import sys
from pathlib import Path
sys.argv = ["platform", *sys.argv[1:]]
from tuneful.cli.main import main
try:
    main()
except SystemExit as ended:
    code = ended.code or 0
# Not ru_maxrss: a child inherits that from the process that started it.
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
names = {name.split(".")[0] for name in sys.modules}
print(code, int(peak) // 1024, *sorted(names), file=sys.stderr)
"""
UNKNOWN_FIELD = "recipe: chorus\nsearch:\n  los.gamma: {uniform: [0, 1]}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--help"], "0"),
        (["sweep", "wrong.yaml"], "2"),
        (["train", "chorus", "los.gamma=1"], "2"),
        (["results", "nothing"], "2"),
        (["status"], "0"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else value,
)
def test_help_and_mistakes_load_nothing_heavy(tmp_path, args, code):
    (tmp_path / "wrong.yaml").write_text(UNKNOWN_FIELD)
    done = python(WEIGH, *args, cwd=tmp_path)
    ended, megabytes, *loaded = done.stderr.splitlines()[-1].split()
    assert ended == code, done.stderr
    assert not HEAVY & set(loaded)
    assert int(megabytes) < LIMIT_MB


# ---- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_and_the_search_spaces_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {f"tuneful/search_spaces/{path.name}" for path in (ROOT / "search_spaces").glob("*.yaml")}
    for path in tracked():
        for package, folder in PACKAGES.items():
            if path.is_relative_to(ROOT / folder):
                expected.add(f"{package}/{path.relative_to(ROOT / folder)}")
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert "trainers/recipes/chorus.yaml" in expected
    assert "analysis/report/template.html.j2" in expected
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert "platform = tuneful.cli.main:main" in zipfile.ZipFile(wheel).read(entry_points).decode()


def test_the_command_works_from_the_unpacked_wheel_anywhere(wheel, tmp_path):
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code = (
        "import sys; from tuneful.cli.main import main; from tuneful.space.locate import find_sweep_file;"
        "from trainers.config.build import RECIPES, load_recipe; from analysis.report import page;"
        "load_recipe('chorus'); print(find_sweep_file('loss'), RECIPES, page.__file__, sep='\\n');"
        "sys.argv = ['platform', '--version']; main()"
    )
    done = python(code, cwd=tmp_path, PYTHONPATH=str(unpacked))
    assert done.returncode == 0, done.stderr
    *paths, version = done.stdout.splitlines()
    assert all(Path(path).is_relative_to(unpacked) for path in paths), paths
    assert version.startswith("tuneful ")


# ---- constraints


def constraints() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    wrong = [line for line in lines if not re.fullmatch(r"[a-zA-Z0-9._-]+==[a-zA-Z0-9.!+_-]+", line)]
    assert wrong == [], "name==version, nothing else"
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def test_the_constraints_are_within_the_bounds_of_every_dependency():
    pinned = constraints()
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]):
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is not met by {version}"


def test_nothing_names_a_package_index_or_somebodys_machine():
    hosts = (
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "download.pytorch" + ".org",
        "pypi" + ".nvidia",
        "conda" + ".anaconda",
    )
    machine = re.compile(
        "/" + r"(?:work|root|Users)/\w|" + "/ho" + r"me/(?!\$)\w+/|index-" + "url|" + "|".join(map(re.escape, hosts))
    )
    found = []
    for path in tracked():
        if path.suffix in (".png", ".whl"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if machine.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


# ---- words: what the documents name is there

DOCUMENTS = [
    path
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
    if path.exists()
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
SUFFIXES = (".py", ".yaml", ".md", ".toml", ".txt", ".png", ".j2", ".sh")
PLACEHOLDER = re.compile(r"[<>{}*$~]|^[A-Z_]+$|^results/|\.\.\.|^https?:|^\.\./|^/")
BASES = ("", "platform", "platform/tuneful", "trainers", "analysis", "docs")
"""What paths in prose are relative to, beside the root."""


def by_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(document: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(document.read_text()) if language in languages]


def spans(document: Path) -> list[str]:
    return SPAN.findall(BLOCK.sub("", document.read_text()))


def shell_lines(text: str) -> list[str]:
    """The lines of a shell block that call `platform`."""
    return [line for line in text.splitlines() if line.startswith("platform ")]


def command_lines(document: Path) -> Iterator[list[str]]:
    """The command lines in shell blocks and code spans, as words."""
    lines = [line for text in blocks(document, "sh", "bash", "console") for line in text.splitlines()]
    for line in [*lines, *spans(document)]:
        text = re.sub(r"^\$ ", "", line.strip())
        if re.match(r"(?:\.venv/bin/)?(?:platform|make)(?: |$)", text):
            words = shlex.split(text, comments=True)
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


@pytest.mark.parametrize("line", [words for text in blocks(ROOT / "README.md", "sh") for words in shell_lines(text)])
def test_every_command_of_the_readme_is_one_that_can_be_typed(line):
    """Also its number of arguments, the values of its options, and the sweep file that it names."""
    words = shlex.split(line, comments=True)
    command, rest = find_command(words)
    context = command.make_context(command.name, rest)
    if command.name in ("sweep", "simulate"):
        find_sweep_file(context.params["file"])


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that a line names, and the words after it."""
    command, rest = typer.main.get_command(app), words[1:]
    while (inner := commands_in(command)) and rest and not rest[0].startswith("-"):
        assert rest[0] in inner, f"{' '.join(words)}: no command {rest[0]!r}"
        command, rest = inner[rest[0]], rest[1:]
    return command, rest


def commands_in(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def options_of(command: Any) -> set[str]:
    return {"--help"} | {name for param in command.params for name in (*param.opts, *param.secondary_opts)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_id)
def test_every_command_and_option_that_is_named_exists(document):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    for words in command_lines(document):
        if words[0] == "make":
            assert set(words[1:]) <= targets, " ".join(words)
            continue
        command, rest = find_command(words)
        for word in rest:
            if word.startswith("--"):
                assert word.split("=")[0] in options_of(command), f"{' '.join(words)}: no option {word}"
    every = {option for command in all_commands(typer.main.get_command(app)) for option in options_of(command)}
    for script in (ROOT / "benchmarks").glob("*.py"):
        every |= set(re.findall(r"\"(--[a-z-]+)\"", script.read_text()))
    named = {text.split()[0].split("=")[0] for text in spans(document) if text.startswith("--")}
    assert named <= every, named - every


def all_commands(command: Any) -> Iterator[Any]:
    yield command
    for inner in commands_in(command).values():
        yield from all_commands(inner)


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_id)
def test_every_sweep_recipe_and_field_in_a_command_exists(document):
    for words in command_lines(document):
        command, rest = find_command(words) if words[0] == "platform" else (None, [])
        first = next((word for word in rest if not word.startswith("-")), "FILE")
        if command is not None and command.name == "sweep" and not PLACEHOLDER.search(first) and "/" not in first:
            find_sweep_file(first)
        if command is not None and command.name == "train" and not PLACEHOLDER.search(first):
            assert first in recipe_names()
        settings = [word for word in rest if re.match(r"[a-z_]+(?:\.[a-z_]+)+=", word)]
        for path in parse_overrides(settings).values:
            assert unknown_field(path) is None, " ".join(words)


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_id)
def test_every_path_that_is_named_exists(document):
    text = document.read_text()
    words = [
        word.strip("(),.;:") for found in (*spans(document), *blocks(document, "", "sh")) for word in found.split()
    ]
    named = [word for word in words if "/" in word.rstrip("/") and word.endswith((*SUFFIXES, "/"))]
    missing = [
        path
        for path in dict.fromkeys(named)
        if not PLACEHOLDER.search(path) and not any((ROOT / base / path).exists() for base in BASES)
    ]
    missing += [link for link in LINK.findall(text) if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_id)
def test_every_sweep_file_that_is_shown_is_one(document, tmp_path):
    for number, text in enumerate(blocks(document, "yaml")):
        if re.search(r"^search:", text, re.M):
            path = tmp_path / f"shown-{number}.yaml"
            path.write_text(text)
            load_sweep(path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_id)
def test_all_python_that_is_shown_compiles_and_its_imports_exist(document):
    for text in blocks(document, "python", "py"):
        for node in ast.walk(ast.parse(text)):
            for name in [alias.name for alias in node.names] if isinstance(node, ast.Import) else ():
                assert find_spec(name.split(".")[0]) is not None, name
            if isinstance(node, ast.ImportFrom) and node.module:
                source = Path(str(getattr(find_spec(node.module), "origin", None))).read_text()
                names = [alias.name for alias in node.names]
                assert all(re.search(rf"^(?:def |class )?{name}\b", source, re.M) for name in names), names


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_id)
def test_nothing_is_left_to_be_filled_in(document):
    text = re.sub(SPAN, "", BLOCK.sub(lambda block: block[2] if not block[1] else "", document.read_text()))
    assert set(re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b|\bTODO\b|\bFIXME\b", text)) == set()


def test_every_recipe_and_search_space_that_ships_is_valid():
    for name in recipe_names():
        load_recipe(name)
    for path in (ROOT / "search_spaces").glob("*.yaml"):
        load_sweep(path)


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process")
def test_tests_of_a_file_share_a_process(request: pytest.FixtureRequest) -> None:
    """With pytest 9.2 and pytest-xdist 3.8 they silently don't, and two tests start Ray at once."""
    assert request.node.nodeid.endswith("@tests/test_repository.py")
