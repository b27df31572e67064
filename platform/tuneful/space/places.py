"""Messages that say where: `search_spaces/loss.yaml:7: what is wrong. Try: the fix`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainers.config.yamlfile import Document
from trainers.errors import SpecError

COMMAND_LINE = "command line"


def with_hint(text: str, hint: str) -> str:
    """`text. Try: hint`; a text that ends with `Did you mean X?` says it already."""
    return text if not hint or text.endswith("?") else f"{text}. Try: {hint}"


def as_option(hint: str) -> str:
    """`--trials 20` for `trials: 20`; what is no field with a value stays as it is."""
    name, colon, value = hint.partition(": ")
    option = f"--{name.replace('_', '-')}"
    known = colon and name.isidentifier() and value[:1] not in ("{", "[")
    return f"{option} {value}" if known else hint


@dataclass(frozen=True)
class Places:
    """Where each part of a sweep file stands."""

    document: Document
    overridden: Mapping[str, str] = field(default_factory=dict)
    """Keys, nested ones dotted, that did not come from the file -> where they came from."""

    def of(self, *keys: str) -> str:
        """`file.yaml:7` of the innermost of the nested `keys` that has a line."""
        dotted = (".".join(keys[:depth]) for depth in range(1, len(keys) + 1))
        where = next((self.overridden[path] for path in dotted if path in self.overridden), None)
        return self.document.place(keys) if where is None else where

    def entry(self, path: str, index: int = 0) -> str:
        """The line of the `index`-th entry of a searched path."""
        return self.of("search", path, str(index))

    def error(self, text: str, *keys: str, hint: str = "") -> SpecError:
        """The error `text` at `keys`, with the fix: a line of the file, or an option of the command line."""
        where = self.of(*keys)
        return SpecError(with_hint(f"{where}: {text}", as_option(hint) if where == COMMAND_LINE else hint))

    def settings(self) -> dict[str, str]:
        """Path -> place of everything under `set`, nested or dotted."""
        lines = self.document.lines
        return {".".join(keys[1:]): self.document.place(keys) for keys in lines if keys[0] == "set" and len(keys) > 1}
