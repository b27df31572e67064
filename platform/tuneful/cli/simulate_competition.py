"""`platform simulate-competition`: which rule of choosing loses least, on competitions whose hidden scores we know."""

from typing import Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, say

KIND_HELP = "Beside distance, overlap, noise and recorders: soundscapes (nothing), telephone or gaps."


def simulate_competition(
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Number of competitions, seeds 1, 2, ...")] = 20,
    first_seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    kind: Annotated[str, typer.Option(help=KIND_HELP)] = "soundscapes",
    slots: Annotated[int, typer.Option(min=1, max=256, help="Runs at the same time, one thread each.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="The rules as JSON, for other programs.")] = False,
    folder: Results = DEFAULT_RESULTS,
) -> None:
    """Render competitions, train sixteen runs in each, judge them, and compare every rule of choosing among them.

    What is on file is not run again: stop it with Ctrl-C and go on later. A competition takes about four minutes on
    two cores.
    """
    from trainers.errors import SpecError
    from tuneful.competitions.rules import finished, rules_over
    from tuneful.competitions.shift import KINDS
    from tuneful.competitions.simulate import Competition, simulate

    if kind not in KINDS:
        raise SpecError(f"--kind must be one of {', '.join(KINDS)}, got {kind!r}. Try: --kind soundscapes")
    competitions = [Competition(seed, kind) for seed in range(first_seed, first_seed + seeds)]
    simulate(competitions, folder, slots, say)
    names = finished(folder, [competition.name for competition in competitions])
    results = rules_over(folder, names)
    if as_json:
        import json

        from analysis.selection.compare import as_json as plain

        print(json.dumps({"competitions": names, "rules": plain(results)}, indent=1))
        return
    from tuneful.cli.rules_table import rules_table

    console.print(rules_table(results))
    say(f"Over {len(names)} competitions, against picking by val/macro_auc; mean over them [95 % interval].")
