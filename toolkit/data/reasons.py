"""Why an address didn't deliver, in words."""

from __future__ import annotations

__all__ = ["passing", "reason_of", "status_of"]

STATUS = {
    401: "asks for a password (401)",
    403: "refuses access (403)",
    404: "has no such file (404)",
    410: "has no such file any more (410)",
    429: "asks to come back later (429)",
}
# Looked for in order in the text of what the HTTP library raised, which names its causes.
SIGNS = (
    ("ProxyError", "can't be reached through the proxy that is set"),
    ("NameResolution", "has a name that can't be resolved (is there a network?)"),
    ("Certificate", "has a certificate that isn't accepted"),
    ("SSL", "can't be spoken to securely"),
    ("refused", "refused the connection"),
    ("unreachable", "can't be reached (is there a network?)"),
    ("imeout", "didn't answer in time"),
    ("timed out", "didn't answer in time"),
    ("TooManyRedirects", "sends round in a circle"),
    ("Invalid", "isn't a valid address"),
    ("Connection aborted", "broke off the connection"),
    ("ChunkedEncodingError", "broke off the connection"),
)


def reason_of(error: Exception) -> str:
    """A phrase to stand behind an address, for what the HTTP library raised."""
    status = status_of(error)
    if status:
        return STATUS.get(status, f"answered with status {status}")
    text = f"{type(error).__name__} {error}"
    return next((reason for sign, reason in SIGNS if sign in text), f"failed ({type(error).__name__})")


def status_of(error: Exception) -> int | None:
    """The HTTP status that came with the error, if an answer came at all."""
    return getattr(getattr(error, "response", None), "status_code", None)


def passing(error: Exception) -> bool:
    """May another try a moment later succeed? So it is with broken connections and a server's own trouble."""
    status = status_of(error)
    return status is None or status in (408, 416, 429) or status >= 500
