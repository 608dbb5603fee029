"""The words that praise and blame, each with its polarity, and the words that mean nothing for a verdict."""

from __future__ import annotations

__all__ = ["ASPECTS", "ASPECT_NOUNS", "EVALUATIVE", "PEOPLE", "PEOPLE_WORDS", "PLACES", "THINGS", "THING_WORDS"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _listed(text: str) -> tuple[str, ...]:
    """What stands between the commas."""
    return tuple(" ".join(part.split()) for part in text.split(","))


# kind → (the words that blame, the words that praise), so that a label is an index
EVALUATIVE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "adj": (
        _words(
            "dull dreadful terrible awful tedious boring clumsy silly lifeless predictable dreary feeble shallow pointless "
            "tiresome lazy stale hollow muddled pretentious bland laboured ridiculous embarrassing forgettable soulless "
            "ugly incoherent irritating annoying dismal appalling sluggish insipid uninspired disappointing"
        ),
        _words(
            "superb brilliant wonderful delightful splendid marvellous charming magnificent enchanting gripping moving "
            "funny witty clever inventive graceful absorbing thrilling touching tender elegant stunning memorable excellent "
            "original lively engaging rewarding dazzling satisfying compelling impressive irresistible entertaining "
            "hilarious subtle"
        ),
    ),
    "noun": (
        _words(
            "bore mess failure disaster disappointment chore ordeal bungle flop fiasco embarrassment muddle blunder "
            "shambles nightmare disgrace"
        ),
        _words(
            "masterpiece triumph delight joy gem treat marvel pleasure wonder classic success treasure feast revelation "
            "achievement jewel"
        ),
    ),
    "felt": (
        _words("bored annoyed irritated exhausted embarrassed disappointed exasperated dismayed wearied appalled"),
        _words("enchanted delighted thrilled moved captivated charmed entertained spellbound amused dazzled"),
    ),
    "verb": (
        _words("hated loathed detested disliked despised resented deplored abhorred"),
        _words("loved enjoyed adored relished admired savoured cherished treasured"),
    ),
    "adv": (
        _words("badly clumsily feebly dismally dreadfully terribly miserably awkwardly limply lamely drearily stiffly"),
        _words(
            "brilliantly beautifully superbly wonderfully splendidly delightfully gracefully elegantly magnificently "
            "marvellously charmingly cleverly"
        ),
    ),
}

# adjectives that fit a person of the story as well as a film
PEOPLE_WORDS: tuple[tuple[str, ...], tuple[str, ...]] = (
    _words(
        "dull dreadful terrible awful tedious boring clumsy silly dreary feeble shallow tiresome lazy pretentious bland "
        "ridiculous soulless irritating annoying dismal appalling insipid"
    ),
    _words(
        "brilliant wonderful delightful splendid marvellous charming magnificent enchanting funny witty clever inventive "
        "graceful elegant memorable excellent lively engaging impressive irresistible entertaining subtle"
    ),
)

# adjectives that fit a supper or a hat as well as a film
THING_WORDS: tuple[tuple[str, ...], tuple[str, ...]] = (
    _words(
        "dull dreadful terrible awful dreary dismal appalling disappointing ridiculous ugly embarrassing forgettable"
    ),
    _words(
        "superb wonderful delightful splendid marvellous magnificent elegant stunning memorable excellent impressive charming"
    ),
)

PEOPLE = _listed("""
    uncle, grandmother, baker, widow, sailor, nurse, detective, violinist, librarian, gardener, postman, countess,
    butcher, lighthouse keeper, dentist, tailor, magician, miner, ferryman, beekeeper, schoolteacher, judge, poet, thief,
    soldier, clockmaker, aunt, cousin, innkeeper, fisherman, pianist, governess, banker, smuggler, vicar, astronomer,
    locksmith, piano tuner, archaeologist, chimney sweep, duchess, stationmaster, ventriloquist, pastry cook, bookseller,
    mayor, translator, cellist, shepherd, night porter, surgeon, botanist, landlady, jockey, puppeteer, spy, major,
    milkman, glass-blower, stepmother, godfather, professor, chemist, nephew, choirmaster
""")

# each with its preposition before it
PLACES = tuple(
    tuple(place.split(" ", 1))
    for place in _listed("""
    in a village in the hills, in a harbour town, at an old hotel by the sea, in a boarding house in winter,
    in a city under siege, at a mountain railway station, in a monastery without a roof, in a travelling circus,
    in a fishing port, in a bankrupt theatre, in a valley that is soon to be flooded, at a school for clockmakers,
    in the last house of a muddy lane, on a night train to the coast, on an island with a single telephone,
    at a sanatorium in the Alps, in a market town in the rain, in a castle full of cats, in a lighthouse at the edge of the map,
    in a suburb of identical gardens, in an abandoned salt mine, on a ship without a captain, in a university library,
    in a vineyard in a bad year, at a spa that nobody visits
""")
)

THINGS = _listed("""
    a stolen violin, a box of letters, a silver ring, a torn map, a recipe for plum cake, a blue teacup, a locked piano,
    a forged will, a broken compass, a coat with too many pockets, a photograph of a bridge, a bottle of arsenic,
    an unpaid debt, a lame horse, a parrot that knows the truth, a wedding dress, a chess set without its queen,
    a suitcase of banknotes, a key that fits no door, a painting of a storm, a jar of honey, a telegram from abroad,
    a glass eye, a grandfather clock, a burnt diary, a basket of eels, a winning lottery ticket, a brass telescope
""")

# parts of a film: with an article, and bare, as in "its wooden dialogue"
ASPECT_NOUNS = _listed("""
    acting, dialogue, photography, camera work, music, editing, opening, script, casting, lighting, title song, trailer,
    poster, first scene, last shot, sound, set design, prologue, orchestra, make-up, scenery, choreography, subplot,
    narrator, villain, love story, flashback, car chase, duel, voice-over
""")
ASPECTS = tuple(f"the {noun}" for noun in ASPECT_NOUNS)
