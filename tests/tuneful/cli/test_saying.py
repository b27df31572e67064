"""What commands print is data: names of files, classes and trials never colour, hide or move anything."""

import ast
from pathlib import Path

import pytest

import tuneful.cli.shared
from tuneful.cli.shared import say

CLI = Path(tuneful.cli.shared.__file__).parent


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("runs/[exp1]", "runs/[exp1]"),
        ("[/no] [red]tag", "[/no] [red]tag"),
        ("run:100:fold", "run:100:fold"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\u202eb", "a\\u202eb"),
        ("half\rwhole\r\nnext", "half\nwhole\nnext"),
        ("x" * 500, "x" * 500),
    ],
)
def test_a_text_is_printed_as_it_is(capsys, text, printed):
    say(text)
    assert capsys.readouterr().out == f"{printed}\n"


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_texts_are_said_and_only_tables_are_given_to_the_console(path):
    """A text that the console renders is read as markup, and for emoji."""
    texts = [
        call.lineno
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "console.print"
        and any(isinstance(argument, ast.JoinedStr | ast.Constant) for argument in call.args)
    ]
    assert texts == [], "say() prints it"
