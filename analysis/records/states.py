"""The words for how a trial ended, the same on the screen, in the tables and on the page."""

WORDS = {"pruned": "stopped early"}
"""Where the records' own word (Optuna's) is not what a person would say."""


def state_word(state: object) -> str:
    """What a person calls the state of a trial: `pruned` is "stopped early"."""
    return WORDS.get(str(state), str(state))
