"""Whether a process of ours answers."""

import urllib.request

HEALTHY_SECONDS = 60


def is_healthy(url: str) -> bool:
    """Tell whether GET answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 -- our own address.
            return bool(answer.status == 200)
    except OSError:
        return False
