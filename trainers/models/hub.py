"""Whether the Hugging Face hub can be reached, known within seconds."""

from huggingface_hub import constants, get_session

TIMEOUT_S = 5.0


def hub_answers() -> bool:
    """Whether the hub answers at all; proxies, mirrors and the hub's offline switch are respected.

    Its own downloads try again for about half a minute per file before they say that there is no network.
    """
    try:
        get_session().head(constants.ENDPOINT, timeout=TIMEOUT_S)
    except Exception:  # whatever its HTTP library raises: no route, no name, a refused proxy, offline mode
        return False
    return True
