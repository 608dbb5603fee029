"""The words of the English-French grammar: their forms in both languages, and what goes with what."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ADJECTIVES",
    "ASPIRATED",
    "BE",
    "DETERMINERS",
    "MODALS",
    "NOUNS",
    "PLACES",
    "VERBS",
    "Adjective",
    "Noun",
    "Verb",
]


class Noun(NamedTuple):
    """A noun; plurals are empty where only the singular is used. Tags say which verbs and adjectives suit it; those
    tagged free are nobody's, since «ma femme» is a wife."""

    english: str
    english_plural: str
    french: str
    french_plural: str
    feminine: bool
    tags: frozenset[str]

    @property
    def is_person(self) -> bool:
        return "person" in self.tags


class Adjective(NamedTuple):
    """An adjective. `forms` are masculine, feminine, and both plurals; `liaison` is the masculine before a vowel."""

    english: str
    forms: tuple[str, str, str, str]
    liaison: str
    before: bool
    group: str
    tags: frozenset[str]

    def form(self, feminine: bool, plural: bool) -> str:
        return self.forms[2 * plural + feminine]


class Verb(NamedTuple):
    """A verb with the tags of its subjects and of its objects (none: it takes no object)."""

    english: tuple[str, str, str]  # eat, eats, ate
    particle: tuple[str, ...]
    present: tuple[str, str, str]  # je, il, ils
    infinitive: str
    participle: str
    subjects: frozenset[str]
    objects: frozenset[str]
    flags: frozenset[str]

    @property
    def name(self) -> str:
        return " ".join((self.english[0], *self.particle))

    @property
    def with_etre(self) -> bool:
        return "être" in self.flags


def _rows(text: str) -> list[list[list[str]]]:
    """Lines of columns of words."""
    return [[column.split() for column in line.split("|")] for line in text.strip().splitlines()]


def _noun(row: list[list[str]]) -> Noun:
    (english, *plural), (french, *french_plural), (gender, *tags) = row
    return Noun(english, "".join(plural), french, "".join(french_plural), gender == "f", frozenset(tags))


def _adjective(row: list[list[str]]) -> Adjective:
    english, (*forms,), (place, group), tags = row
    return Adjective(english[0], tuple(forms[:4]), (forms * 2)[4], place == "before", group, frozenset(tags))


def _verb(row: list[list[str]]) -> Verb:
    english, french, *tags = row
    *present, infinitive, participle = french
    return Verb(tuple(english[:3]), tuple(english[3:]), tuple(present), infinitive, participle, *map(frozenset, tags))


NOUNS = tuple(map(_noun, _rows("""
    boy boys | garçon garçons | m person child free
    girl girls | fille filles | f person child free
    child children | enfant enfants | m person child
    man men | homme hommes | m person adult free national
    woman women | femme femmes | f person adult free lovely national
    king kings | roi rois | m person adult famous
    queen queens | reine reines | f person adult lovely famous
    uncle uncles | oncle oncles | m person adult
    baker bakers | boulanger boulangers | m person adult worker national
    teacher teachers | professeur professeurs | m person adult worker national
    nurse nurses | infirmière infirmières | f person adult worker national
    singer singers | chanteuse chanteuses | f person adult worker national famous
    hero heroes | héros héros | m person adult national famous
    cat cats | chat chats | m animal kept furred
    dog dogs | chien chiens | m animal kept furred big
    bird birds | oiseau oiseaux | m animal furred lovely
    horse horses | cheval chevaux | m animal kept furred big lovely
    mouse mice | souris souris | f animal furred
    owl owls | hibou hiboux | m animal furred lovely
    apple apples | pomme pommes | f food fruit
    cake cakes | gâteau gâteaux | m food
    egg eggs | œuf œufs | m food
    bean beans | haricot haricots | m food fruit
    book books | livre livres | m text written old new good national famous heavy lovely
    letter letters | lettre lettres | f text written opening old lovely
    newspaper newspapers | journal journaux | m text old national
    story stories | histoire histoires | f text written old good sad famous lovely
    hat hats | chapeau chapeaux | m clothes coloured big old new national lovely
    coat coats | manteau manteaux | m clothes coloured old new national heavy lovely
    dress dresses | robe robes | f clothes coloured old new national lovely
    key keys | clé clés | f goods old new
    chair chairs | chaise chaises | f goods under coloured old new heavy
    flower flowers | fleur fleurs | f goods flower lovely
    car cars | voiture voitures | f goods by coloured big old new national
    harp harps | harpe harpes | f goods sounding old new heavy lovely
    tree trees | arbre arbres | m sight by under shade big old lovely
    house houses | maison maisons | f sight owned place inside by big old new white lovely
    garden gardens | jardin jardins | m sight owned place inside big old lovely
    castle | château | m sight place inside by goal roofed big old famous lovely
    hotel hotels | hôtel hôtels | m sight place inside by goal roofed big old new national lovely
    school | école | f sight place inside by goal roofed big old new
    church | église | f sight place inside by goal roofed big old lovely
    market | marché | m place goal big old
    hedge hedges | haie haies | f sight by big old
    table tables | table tables | f goods by under big old new heavy
    door doors | porte portes | f part opening coloured big old new heavy
    window windows | fenêtre fenêtres | f part opening big old new
    roof roofs | toit toits | m part coloured old new
""")))  # fmt: skip

# masculine, feminine, both plurals, and the masculine before a vowel where it is another; where it stands in French, and
# its group: one noun is not given two of one group
ADJECTIVES = tuple(map(_adjective, _rows("""
    small | petit petite petits petites | before size | child animal food text clothes goods sight part
    big | grand grande grands grandes | before size | big
    old | vieux vieille vieux vieilles vieil | before age | adult animal old
    young | jeune jeune jeunes jeunes | before age | adult animal
    new | nouveau nouvelle nouveaux nouvelles nouvel | before age | new worker
    good | bon bonne bons bonnes | before worth | good food worker
    beautiful | beau belle beaux belles bel | before worth | lovely
    black | noir noire noirs noires | after colour | coloured furred
    white | blanc blanche blancs blanches | after colour | coloured furred flower white
    red | rouge rouge rouges rouges | after colour | coloured fruit flower
    green | vert verte verts vertes | after colour | coloured fruit
    french | français française français françaises | after nation | national
    english | anglais anglaise anglais anglaises | after nation | national
    american | américain américaine américains américaines | after nation | national
    happy | heureux heureuse heureux heureuses | after mood | person kept
    tired | fatigué fatiguée fatigués fatiguées | after mood | person kept
    sad | triste triste tristes tristes | after mood | person kept sad
    rich | riche riche riches riches | after wealth | adult
    famous | célèbre célèbre célèbres célèbres | after wealth | famous
    heavy | lourd lourde lourds lourdes | after weight | heavy
    interesting | intéressant intéressante intéressants intéressantes | after worth | text
    delicious | délicieux délicieuse délicieux délicieuses | after worth | food
""")))  # fmt: skip

# English | je, il, ils, infinitive, participle | subjects | objects | flags:
# être: its past is made with être; pastless: it has none here; unwilled: nobody can, must or wants to do it;
# definite: its object is a known one; first, then: what is done first, and then done to the same thing;
# give: something to someone; goal: somewhere; home: it needs a place; placeless: it takes none
VERBS = tuple(map(_verb, _rows("""
    eat eats ate | mange mange mangent manger mangé | person animal | food | then
    read reads read | lis lit lisent lire lu | person | text | then
    write writes wrote | écris écrit écrivent écrire écrit | person | written |
    buy buys bought | achète achète achètent acheter acheté | person | food text clothes goods | first then
    sell sells sold | vends vend vendent vendre vendu | person | food text clothes goods | then
    find finds found | trouve trouve trouvent trouver trouvé | person | kept text clothes goods | first
    lose loses lost | perds perd perdent perdre perdu | person | text clothes goods | unwilled then
    look looks looked for | cherche cherche cherchent chercher cherché | person | person kept text clothes goods |
    look looks looked at | regarde regarde regardent regarder regardé | person animal | person kept goods sight part | first then
    see sees saw | vois voit voient voir vu | person animal | person animal clothes goods sight | first
    hear hears heard | entends entend entendent entendre entendu | person animal | person animal sounding | first
    wait waits waited for | attends attend attendent attendre attendu | person | person |
    help helps helped | aide aide aident aider aidé | person | person | then
    thank thanks thanked | remercie remercie remercient remercier remercié | person | person | then
    follow follows followed | suis suit suivent suivre suivi | person animal | person animal | then
    love loves loved | aime aime aiment aimer aimé | person | person animal sight text | pastless unwilled definite placeless
    hate hates hated | hais hait haïssent haïr haï | person | person animal text | pastless unwilled definite placeless
    paint paints painted | peins peint peignent peindre peint | person | animal flower sight part | then
    open opens opened | ouvre ouvre ouvrent ouvrir ouvert | person | opening | then placeless
    wear wears wore | porte porte portent porter porté | person | clothes | pastless then
    give gives gave | donne donne donnent donner donné | person | food text clothes goods | give
    show shows showed | montre montre montrent montrer montré | person | kept text clothes goods | give
    sleep sleeps slept | dors dort dorment dormir dormi | person animal | |
    work works worked | travaille travaille travaillent travailler travaillé | person | |
    sing sings sang | chante chante chantent chanter chanté | person | |
    arrive arrives arrived | arrive arrive arrivent arriver arrivé | person | | être goal
    leave leaves left | pars part partent partir parti | person | | être placeless
    fall falls fell | tombe tombe tombent tomber tombé | person kept food | | être unwilled
    go goes went | vais va vont aller allé | person | | être goal
    live lives lived | habite habite habitent habiter habité | person | | pastless home
""")))  # fmt: skip

BE = Verb(("is", "are", "was"), (), ("est", "est", "sont"), "être", "été", frozenset(), frozenset(), frozenset())

# English | je, il, ils; the second verb follows in the infinitive
MODALS = {
    "can": ("peux", "peut", "peuvent"),
    "must": ("dois", "doit", "doivent"),
    "want": ("veux", "veut", "veulent"),
}

# English singular and plural | French masculine, feminine, plural; - where there is none
DETERMINERS = {
    "the": ("the", "the", "le", "la", "les"),
    "a": ("a", "", "un", "une", "des"),
    "this": ("this", "these", "ce", "cette", "ces"),
    "my": ("my", "my", "mon", "ma", "mes"),
    "his": ("his", "his", "son", "sa", "ses"),
    "her": ("her", "her", "son", "sa", "ses"),
    "two": ("", "two", "", "", "deux"),
    "three": ("", "three", "", "", "trois"),
}

# English | French | tag of the nouns behind it
PLACES = (
    (("in",), ("dans",), "inside"),
    (("behind",), ("derrière",), "by"),
    (("in", "front", "of"), ("devant",), "by"),
    (("near",), ("près", "de"), "by"),
    (("under",), ("sous",), "under"),
    (("under",), ("sous",), "shade"),
)

# words whose h keeps its vowel from being bound to the word before
ASPIRATED = frozenset([
    "héros", "hibou", "hiboux", "haricot", "haricots", "harpe", "harpes", "haie", "haies", "hais", "hait", "haïssent", "haïr",
])  # fmt: skip
