"""English and French sentences as lists of tokens, and back.

The rules are few. Everything is lower-case. A token is a run of letters and digits, hyphens and single dots or commas
inside included (`t-shirt`, `1,000`); any other character is a token of its own. An apostrophe joins what it stands
between, and the word is cut where the language joins two words: French behind it (`l'école` is `l'` and `école`, while
`aujourd'hui` stays one), English before it (`dog's` is `dog` and `'s`, `don't` is `do` and `n't`).
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["detokenize", "tokenize"]

TOKEN = re.compile(r"[^\W_]+(?:[-'.,][^\W_]+)*'?|\S")
ELISIONS = {"l", "d", "j", "n", "s", "c", "m", "t", "qu", "jusqu", "lorsqu", "puisqu", "quelqu", "quoiqu", "presqu"}
CLITIC = re.compile(r"(?:n't|'(?:s|m|d|re|ve|ll))$")
NO_SPACE = "\u00a0"  # French puts a space before ? ! : ; and inside « », which no line may break
CAPITAL = {"i", "american", "english", "french", "german", "italian", "spanish"}  # what English writes with a capital anywhere
OPENING, CLOSING = set("([{«"), set(".,;:!?)]}»%…")


def tokenize(text: str, language: str) -> list[str]:
    """Cut a sentence into tokens.

    Args:
        text: one sentence as it is written.
        language: "en" or "fr".

    Raises:
        ValueError: another language.
    """
    split = _rule(SPLITS, language)
    plain = unicodedata.normalize("NFC", text).replace("’", "'").lower()
    return [token for word in TOKEN.findall(plain) for token in split(word)]


def detokenize(tokens: list[str] | tuple[str, ...], language: str) -> str:
    """Write tokens as a sentence: a capital at its beginning, no spaces where none belong.

    Names that had a capital have lost it; English "I" and the most frequent names of languages get theirs back.
    `tokenize` gives the same tokens again.

    Raises:
        ValueError: a language other than "en" and "fr".
    """
    glue = _rule(GLUES, language)
    text, quoted = "", False
    for place, token in enumerate(tokens):
        quote = token == '"'
        before = tokens[place - 1] if place else ""
        after_opening = before == '"' and quoted
        shown = token.capitalize() if language == "en" and token in CAPITAL else token
        text += ("" if not place or after_opening or (quote and quoted) else glue(before, token)) + shown
        quoted ^= quote
    return text[:1].upper() + text[1:]


def _english(word: str) -> list[str]:
    match = CLITIC.search(word)
    if match and match.start():
        return [word[: match.start()], match.group()]
    return [word[:-1], "'"] if len(word) > 1 and word.endswith("'") else [word]


def _french(word: str) -> list[str]:
    head, apostrophe, tail = word.partition("'")
    if not apostrophe or not head:
        return [word]
    if head in ELISIONS:
        return [head + "'", *(_french(tail) if tail else [])]
    return [word] if tail else [head, "'"]


def _english_glue(before: str, token: str) -> str:
    return "" if before in OPENING or token in CLOSING or CLITIC.fullmatch(token) else " "


def _french_glue(before: str, token: str) -> str:
    if before == "«" or (token in set("?!:;»") and before not in OPENING):
        return NO_SPACE
    elided = before.endswith("'") and before[:-1] in ELISIONS
    return "" if before in OPENING or token in CLOSING or elided else " "


SPLITS = {"en": _english, "fr": _french}
GLUES = {"en": _english_glue, "fr": _french_glue}


def _rule(rules: dict, language: str):
    if language not in rules:
        raise ValueError(f'language is {language!r}, expected "en" or "fr"')
    return rules[language]
