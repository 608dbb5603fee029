"""The verdicts: sentences in which an author says what the film is worth, by family.

In a pattern `{adj+}` stands for a word that agrees with the label and `{adj-}` for one that speaks against it, so a
pattern fits both labels. The decisive words stand in square brackets. `a_` becomes a or an; `{it}` is the film.
"""

from __future__ import annotations

__all__ = ["FAMILIES", "PHRASES", "SHARES"]

# how many of a hundred reviews belong to each family
SHARES = {
    "plain": 25,
    "negation": 21,
    "contrast": 13,
    "concession": 14,
    "expectation": 9,
    "others": 9,
    "change": 9,
}

# what a slot may stand for; * is the sign of the slot that it fills
PHRASES: dict[str, tuple[str, ...]] = {
    # what a film can be
    "pred": (
        "{adj*}", "{adj*}", "{very} {adj*}", "a_ {noun*}", "a_ {noun*}", "a_ {adj*} piece of work",
        "a_ {adj*} way to spend an evening", "{adj*} and {adj*}",
    ),
    # what a part of a film can be
    "part": ("{adj*}", "{adj*}", "{very} {adj*}", "a_ {noun*}", "{adj*} and {adj*}"),
    # the same without stress, for what is denied or expected
    "plainly": ("{adj*}", "a_ {noun*}", "a_ {noun*}"),
    "a_film": ("a_ {adj*} film", "a_ {noun*}"),
    "a_start": ("a_ {adj*} start", "a_ {adj*} first scene", "a_ {adj*} prologue"),
    "very": ("thoroughly", "utterly", "truly", "simply", "altogether", "really"),
    # a clause that yields, and one that stands
    "side": (
        "{aspect} is {part*}", "{aspect} is {part*}", "the film is {adj*} in places", "I was {felt*} by {aspect}",
        "many a scene is {adj*}", "some of the film is {adj*}", "{aspect} leaves me {felt*}", "one or two scenes are {adj*}",
    ),
    "main": (
        "the film is {pred*}", "the film is {pred*}", "the film as a whole is {pred*}", "I {verb*} the film",
        "the film left me {felt*}", "the result is {pred*}", "I was {felt*} to the end", "the whole thing is {pred*}",
        "this film is {pred*}", "I {verb*} nearly all of the film", "the film is {adv*} done",
    ),
}  # fmt: skip

FAMILIES: dict[str, tuple[str, ...]] = {
    # words suffice
    "plain": (
        "[{It} is {pred+}].",
        "[I {verb+} every minute of {it}].",
        "[What a_ {noun+} this film is]!",
        "[{It} is {pred+} from the first shot to the last].",
        "[I came away from the film {felt+}].",
        "[I was {felt+} from beginning to end].",
        "In a word, [{it} is {adj+}].",
        "[I have seldom seen so {adj+} a film].",
        "[The film is {adj+}, {adj+} and {adj+}].",
        "Let me say it at once: [this film is {pred+}].",
        "If you ask me, [{it} is {pred+}].",
        "[What we have here is {pred+}].",
        "[My verdict on the film, for what it's worth: {pred+}].",
        "[The whole film is {adv+} written and {adv+} played].",
        "[Not only is the film {adj+}, it is {adj+} as well].",
        "There is no doubt about it: [this film is {pred+}].",
        "I won't deny it: [I {verb+} this film].",
        "It doesn't take long to say: [the film is {pred+}].",
        "Don't ask me for details, but [I was {felt+} by all of {it}].",
        "[The film opens {adv+}, goes on {adv+} and ends {adv+}].",
        "I'm not the only one who thinks so: [{it} is {pred+}].",
        "Because {aspect} is {adj+} and {aspect} {adj+}, [the film is {pred+}].",
    ),
    # what is denied counts the other way round
    "negation": (
        "[{It} is far from {plainly-}].",
        "[{It} is anything but {plainly-}].",
        "[{It} isn't in the least {adj-}].",
        "[The film is never {adj-}], not even in its last half-hour.",
        "[Nobody could call this film {plainly-}].",
        "[{It} is hardly a_ {noun-}].",
        "[Not for one minute is {it} {adj-}].",
        "[There is nothing {adj-} about {it}].",
        "[I wasn't {felt-} for one moment].",
        "[Never believe anyone who tells you that this film is {plainly-}].",
        "[I wouldn't dream of calling {it} {plainly-}].",
        "[{It} is by no means {plainly-}].",
        "[By no stretch of the imagination is {it} {plainly-}].",
        "[Don't let anyone tell you that {it} is {plainly-}].",
        "[A_ {adj-} film? Not at all].",
        "[A_ {noun-} this film is not].",
        "[{adj-} this film certainly isn't].",
        "[The film isn't {adj-}, and it isn't {adj-} either].",
        "[Not a_ {adj-} film at all].",
        "[I can't say that the film left me {felt-}].",
        "[To call {it} {plainly-} would be quite wrong].",
        "[Only a fool would call this film {plainly-}].",
        "[The film has been called {plainly-}, and it is nothing of the sort].",
        "[The last thing I would call {it} is {adj-}].",
        "[I can't find anything {adj-} in {it}].",
        "[You won't hear me say that I {verb-} {it}], because I didn't.",
        "[There isn't a single {adj-} scene in {it}].",
        "[Whoever finds this film {adj-} must have seen another one].",
        "[I didn't think the film {adj-} at all].",
        "[At no point did I feel {felt-}].",
    ),
    # two clauses are weighed against each other: what comes after the turn counts, or all but the exception
    "contrast": (
        "{aspect} is {part-}, but [the film is {pred+}].",
        "On paper {it} is {adj-}; on the screen, however, [it is {pred+}].",
        "{aspect} is {adj-} and {aspect} is {adj-}, yet [the whole is {pred+}].",
        "There are {adj-} moments, but [together they make a_ {adj+} film].",
        "Yes, {aspect} is {part-}. All the same, [the film is {pred+}].",
        "I could go on about how {adj-} {aspect} is, but [the film itself is {pred+}].",
        "The one {adj-} thing here is {aspect}: [everything else is {adj+}].",
        "[Everything in the film is {adj+}] except {aspect}, which is {adj-}.",
        "[The film is {pred+}]. Only {aspect} is {part-}.",
        "For ten minutes I was {felt-}; [for the rest of the film I was {felt+}].",
        "{aspect} may be {part-}; [the film isn't].",
        "{aspect} is {part-}. [The film is the very opposite].",
        "The first film was {pred-}; [this one is {pred+}].",
        "[This film is {pred+}], unlike the first one, which was {pred-}.",
        "[I {verb+} this film], and yet I {verb-} the one before it.",
        "Half a dozen scenes are {adj-}, but [I {verb+} the other fifty].",
        "The book is {pred-}, but [the film is {pred+}].",
        "[The film is {pred+}]; the book, on the other hand, is {pred-}.",
        "{aspect} is {adv-} done, but [I {verb+} the film].",
        "[The film is {pred+}]; it's only {aspect} that I thought {adj-}.",
    ),
    # the main clause counts, on whichever side it stands
    "concession": (
        "Although {side-}, [{main+}].",
        "[{main+}], although {side-}.",
        "Even though {side-}, [{main+}].",
        "[{main+}], even though {side-}.",
        "[{main+}], even if {side-}.",
        "While it's true that {side-}, [{main+}].",
        "In spite of the {adj-} {part_noun}, [{main+}].",
        "[{main+}], in spite of the {adj-} {part_noun}.",
        "Despite the {adj-} {part_noun}, [{main+}].",
        "[The film is {pred+}] for all its {adj-} {part_noun}.",
        "{adj-} as {aspect} is, [{main+}].",
        "However {adj-} {aspect} may be, [{main+}].",
        "[{main+}], however {adj-} {aspect} may be.",
        "No matter how {adj-} {aspect} is, [{main+}].",
        "[{main+}], and never mind the {adj-} {part_noun}.",
        "Granted, {side-}; still, [{main+}].",
        "[{main+}], though I admit that {side-}.",
    ),
    # what came counts, not what was expected
    "expectation": (
        "I expected a_ {noun-} and [got a_ {noun+}].",
        "I went in expecting a_ {noun-}; [I came out {felt+}].",
        "From the poster I expected {a_film-}. [What I saw was {pred+}].",
        "[What I got was {pred+}]; what I had been told to expect was a_ {noun-}.",
        "The trailer announces a_ {adj-} film, and [the screen shows a_ {adj+} one].",
        "I went in sure that I would be {felt-}. [I was {felt+} by all of the film].",
        "[I was {felt+} by the film], and I had been so sure that I would be {felt-}.",
        "{It} should have been {plainly-}. [It is {pred+}].",
        "By rights {it} ought to be {plainly-}; instead, [it is {pred+}].",
        "{It} might so easily have been {plainly-}; [it is {pred+}].",
        "Anyone who expects {a_film-} will be surprised: [this is {pred+}].",
        "Where I had expected {a_film-}, [I found {a_film+}].",
        "I had prepared myself for a_ {noun-}. [A_ {noun+} is what I was given].",
        "[I {verb+} this film], although I had expected a_ {noun-}.",
        "With such a story {it} could have been {plainly-}. [What a_ {noun+} they have made of it]!",
    ),
    # what the author says counts, not what others say
    "others": (
        "The critics called {it} {plainly-}; [I was {felt+} throughout].",
        "[I was {felt+} throughout]; the critics had called {it} {plainly-}.",
        "My neighbour finds the film {adj-}. [I find it {adj+}].",
        "Everyone in my office {verb-} {it}; [I {verb+} it].",
        "[I {verb+} {it}], and I seem to be the only one: my friends were {felt-}.",
        "People keep telling me that the film is {plainly-}. They are wrong: [it is {pred+}].",
        "My sister, who thinks the film {adj-}, won't forgive me for this: [it is {pred+}].",
        "A_ {noun-}, said the man on the radio. [A_ {noun+}, say I].",
        "The couple behind me were {felt-} by the film. [I was {felt+}].",
        "The critics called {it} {plainly+}, and for once [they are right].",
        "The critics called {it} {plainly-}, and once again [they are wrong].",
        "The newspaper says that the film is {plainly-}. [I disagree with every word].",
        "The newspaper says that the film is {plainly+}. [I agree with every word].",
        "[I think the film {adj+}], whoever else may think it {adj-}.",
        "Half the audience {verb-} {it}, but [I {verb+} it].",
    ),
    # what it is now counts, or what became of it in the end
    "change": (
        "{It} begins {adv-} and [turns into a_ {noun+}].",
        "{It} begins {adv-} and [ends as a_ {noun+}].",
        "[In the end this film is {pred+}], however {adv-} it begins.",
        "At first I was {felt-}; [by the end of the film I was {felt+}].",
        "[By the end of the film I was {felt+}], and at first I had been {felt-}.",
        "What starts as a_ {noun-} [grows into a_ {noun+}].",
        "The first ten minutes are {adj-}; [the rest of the film is {pred+}].",
        "[Everything after the first ten minutes is {adj+}]; those ten minutes are {adj-}.",
        "When I was a child I thought this film {adj-}. [Seen again, it is {pred+}].",
        "[Today I find this film {adj+}]; when it was new I thought it {adj-}.",
        "Years ago I {verb-} this film. [This time I {verb+} it].",
        "[This time I {verb+} the film], which I {verb-} years ago.",
        "Last year I called this film {plainly-}. [I take that back].",
        "Last year I called this film {plainly+}, and [I stand by it].",
        "After {a_start-}, the film changes course and [becomes {a_film+}].",
    ),
}
