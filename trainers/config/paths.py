"""The dotted paths of a configuration's fields: `loss.gamma`, `data.split.n_folds`."""

import difflib
import operator
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class FieldPath:
    """One settable field: where it is, what it means, and for which tags of its section it exists."""

    path: str
    info: FieldInfo
    tags: tuple[str, ...] = ()
    """Names of the variants that have the field; empty outside a tagged union."""


def variants(info: FieldInfo) -> dict[str, type[BaseModel]]:
    """Tag -> model of a section; a section that is no union is its own single variant, tag ''."""
    annotation: Any = info.annotation
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    models = [m for m in (get_args(annotation) or (annotation,)) if isinstance(m, type) and issubclass(m, BaseModel)]
    if len(models) == 1:
        return {"": models[0]}
    return {str(model.model_fields["name"].default): model for model in models}


def field_paths(model: type[BaseModel], prefix: str = "") -> dict[str, FieldPath]:
    """Every settable field of `model` by its dotted path."""
    found: dict[str, FieldPath] = {}
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        sections = variants(info)
        if not sections:
            found[path] = FieldPath(path, info)
        for tag, section in sections.items():
            for inner in field_paths(section, f"{path}.").values():
                _add(found, inner, tag)
    return found


def _add(found: dict[str, FieldPath], inner: FieldPath, tag: str) -> None:
    if inner.path in found:  # another variant of the same section has it too
        tags = (*found[inner.path].tags, tag)
        info = found[inner.path].info
        if get_origin(info.annotation) is Literal and inner.path.endswith(".name"):
            info = FieldInfo(annotation=Literal[tags], description=info.description)
        found[inner.path] = FieldPath(inner.path, info, tags)
    else:
        found[inner.path] = FieldPath(inner.path, inner.info, (tag,) if tag else inner.tags)


def nearest(name: str, known: Iterable[str]) -> str:
    """`. Did you mean X?` where one of the known names is near, else a list of them."""
    names = sorted(known)
    matches = [n for n in names if n.endswith(f".{name}")][:1]  # `gamma` for `loss.gamma`
    if not matches:
        matches = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return f"Did you mean {matches[0]}?" if matches else f"Known: {', '.join(names)}"


def nearest_path(path: str, known: Iterable[str]) -> str | None:
    """The dotted path that was probably meant, by its last part; None where none is alike.

    The same last part elsewhere (`training.lr`), a slip of the pen, an abbreviation (`learning_rate` and `lr`), or
    further words (`num_epochs`, `hop`); of several alike the nearest as a whole, one of the same section first.
    """
    paths = sorted(known)
    section, _, leaf = path.rpartition(".")

    def distance(other: str) -> tuple[bool, float]:
        return other.rpartition(".")[0] != section, -difflib.SequenceMatcher(None, path, other).ratio()

    for alike in (operator.eq, _slip, _abbreviation, _further_words):
        found = [other for other in paths if alike(leaf, other.rpartition(".")[2])]
        if found:
            return min(found, key=distance)
    return None


def _slip(name: str, known: str) -> bool:
    return bool(difflib.get_close_matches(name, [known], cutoff=0.75))


def _abbreviation(name: str, known: str) -> bool:
    """Whether one is the first letters of the other's words."""
    return any(
        "_" in long and short == "".join(word[0] for word in long.split("_") if word)
        for short, long in ((name, known), (known, name))
    )


def _further_words(name: str, known: str) -> bool:
    """Whether all words of one are words of the other."""
    words, others = (set(filter(None, each.split("_"))) for each in (name, known))
    return bool(words) and (words <= others or others <= words)


def flatten(tree: dict[str, Any], prefix: str = "", whole: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings as (dotted path, value); the mappings at the paths `whole` are leaves."""
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value and path not in whole:
            yield from flatten(value, f"{path}.", whole)
        else:
            yield path, value


def get_path(tree: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def set_path(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making mappings on the way."""
    *parents, leaf = path.split(".")
    for key in parents:
        if not isinstance(tree.get(key), dict):
            tree[key] = {}
        tree = tree[key]
    tree[leaf] = value
