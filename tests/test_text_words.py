"""The reference of tasks 3.1, 3.2, 3.4 and 3.7 against brute force and torch, and their checks on other right and wrong ways."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from grader.calls import written
from grader.checks import buckets
from grader.checks.kit import checks_of
from grader.compare import Mismatch, agree, same_seen
from grader.engine import props
from grader.engine.values import Call, Failure, Given, Handle, Seen
from grader.entries import list_clause
from grader.exceptions import hint_for_failure
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, reference_bench, variant_bench, variants_of, with_mistake
from grader.subject import Subject
from solution.text import SPECIAL, Vocabulary, pad_batch, tokenize


@pytest.fixture
def chance():
    return random.Random(0)


# 3.1


def slow_tokens(text: str) -> list[str]:
    """Letter by letter."""
    without, at = "", 0
    while at < len(text):
        tag = next((tag for tag in ("<br>", "<br/>", "<br />") if text[at : at + len(tag)].lower() == tag), "")
        without += " " if tag else text[at].replace("’", "'")
        at += len(tag) or 1
    return "".join(c if c.isalnum() or _is_inside(without, at) else " " for at, c in enumerate(without)).lower().split()


def _is_inside(text: str, at: int) -> bool:
    return text[at] == "'" and text[max(at - 1, 0) : at].isalnum() and text[at + 1 : at + 2].isalnum()


PIECES = (
    "a",
    "B",
    "é",
    "Ж",
    "日",
    "7",
    "'",
    "’",
    "''",
    "_",
    "-",
    " ",
    ".",
    "\n",
    "<br>",
    "<BR/>",
    "<br />",
    "<br",
    "<i>",
)


def test_tokens_equal_those_of_a_loop(chance):
    for _ in range(2000):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(12)))
        assert tokenize(text) == slow_tokens(text), text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop<br /><BR>the MOVIE's on", ["don't", "stop", "the", "movie's", "on"]),
        ("'twas rock'n'roll''s 1980's", ["twas", "rock'n'roll", "s", "1980's"]),
        ("don’t ’quote’", ["don't", "quote"]),
        ("well-made snake_case 4k 3.5", ["well", "made", "snake", "case", "4k", "3", "5"]),
        ("Été Кино 映画", ["été", "кино", "映画"]),
        ("<i>good</i> <br", ["i", "good", "i", "br"]),
        (" ' _ <br/>", []),
    ],
)
def test_tokens(text, tokens):
    assert tokenize(text) == tokens == tokenize(" ".join(tokens))


def test_tokenize_refuses_bytes():
    with pytest.raises(TypeError, match=r"text is a bytes, expected a str; decode bytes first"):
        tokenize(b"good")


# 3.2


def slow_words(texts: list[list[str]], max_size: int | None, min_freq: int) -> list[str]:
    """By taking the next word again and again."""
    left = {word: sum(text.count(word) for text in texts) for text in texts for word in text}
    found = []
    while left:
        most = max(left.values())
        word = min(word for word, count in left.items() if count == most)
        found += [word] if left.pop(word) >= min_freq else []
    return found if max_size is None else found[: max_size - 2]


def test_a_vocabulary_equals_that_of_a_loop(chance):
    for _ in range(200):
        texts = [[chance.choice("abcdefgh") for _ in range(chance.randrange(9))] for _ in range(chance.randrange(5))]
        limits = chance.choice([None, 2, 4, 20]), chance.randrange(1, 4)
        vocabulary = Vocabulary.build(texts, *limits)
        words = slow_words(texts, *limits)
        assert vocabulary.words == [*SPECIAL, *words] and len(vocabulary) == len(words) + 2
        asked = list("abcdefghxyz")
        ids = vocabulary.encode(asked)
        assert ids == [words.index(word) + 2 if word in words else 1 for word in asked]
        read = [word if word in words else "<unk>" for word in asked]
        assert vocabulary.decode([0, *ids, 0]) == vocabulary.decode(torch.tensor([*ids, 0])) == read


def test_a_vocabulary_does_not_depend_on_the_order_of_the_texts(chance):
    texts = [[chance.choice("abcdefgh") for _ in range(9)] for _ in range(5)]
    want = Vocabulary.build(texts, 7).words
    for _ in range(5):
        chance.shuffle(texts)
        assert Vocabulary.build((chance.sample(text, len(text)) for text in texts), 7).words == want


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Vocabulary.build([["a"]], 1), r"max_size is 1, expected at least 2"),
        (lambda: Vocabulary.build(["a film"]), r"'a film' is a str, expected a list of words"),
        (lambda: Vocabulary(["a", "b", "a"]), r"'a' stands in the vocabulary twice: give each word once"),
        (lambda: Vocabulary(["<unk>"]), r"'<unk>' stands in the vocabulary twice"),
        (lambda: Vocabulary(["a"]).decode([2, 3]), r"id 3 lies outside of the vocabulary: expected 0 to 2"),
        (lambda: Vocabulary(["a"]).decode(torch.tensor([-1])), r"id -1 lies outside of the vocabulary"),
    ],
)
def test_a_vocabulary_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


# 3.4


def test_a_batch_equals_that_of_torch(chance):
    for _ in range(100):
        given = [[chance.randrange(2**40) for _ in range(chance.randrange(7))] for _ in range(chance.randrange(1, 6))]
        given[0] = given[0] or [1]
        ids, lengths = pad_batch(given)
        assert torch.equal(ids, pad_sequence([torch.tensor(row, dtype=torch.int64) for row in given], batch_first=True))
        assert lengths.tolist() == [len(row) for row in given] and ids.dtype == lengths.dtype == torch.int64


def test_a_batch_of_nothing_is_one_place_wide():
    for given, shape in (([], (0, 1)), ([[]], (1, 1)), ([[], []], (2, 1))):
        ids, lengths = pad_batch(given)
        assert ids.shape == shape and lengths.shape == shape[:1] and not ids.any() and not lengths.any()
        assert ids.dtype == lengths.dtype == torch.int64


def test_lengths_stay_on_the_cpu():
    with torch.device("meta"):
        ids, lengths = pad_batch([[1, 2], [3]])
    assert ids.device.type == "meta" and lengths.device.type == "cpu" and lengths.tolist() == [2, 1]


@pytest.mark.parametrize(("given", "message"), [([[0.5]], "holds torch.float32"), ([[[1]]], r"of shape \(1, 1\)")])
def test_a_batch_refuses(given, message):
    with pytest.raises(TypeError, match=f"a sequence {message}|a sequence holds .* {message}, expected a list of ids"):
        pad_batch(given)


# 3.7


@pytest.fixture(scope="module")
def library(course):
    return Live(course, 3)


@pytest.fixture(scope="module")
def bench(course):
    return reference_bench(course)


def test_buckets_keep_what_they_promise(course, bench, chance):
    student = Subject(bench.perform, course.tasks["3.7"].space)
    for _ in range(60):
        lengths = [chance.randrange(1, 30) for _ in range(chance.randrange(1, 50))]
        size = chance.randrange(1, 9)
        generator = student.new("props.generator", chance.randrange(100))
        seen = student.call("length_buckets", Given(torch.tensor(lengths), "lengths"), size, generator)
        batches = [batch.data.tolist() for batch in seen.value]
        assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
        assert Counter(len(batch) for batch in batches if len(batch) != size).total() <= 1
        inside = sorted([lengths[place] for place in batch] for batch in batches)
        by_length = sorted(inside, key=lambda batch: (min(batch), max(batch)))
        assert all(max(one) <= min(other) for one, other in pairwise(by_length))
        assert not seen.effects


# other right ways

RIGHT = {
    "3.1": {
        "a loop": """
for tag in ("<br>", "<br/>", "<br />", "<BR>", "<BR/>", "<BR />", "<Br/>", "<Br>", "<Br />", "<bR>", "<bR/>", "<bR />"):
    text = text.replace(tag, " ")
text = text.replace("’", "'")
kept = ""
for at, c in enumerate(text):
    inside = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
    kept += c if c.isalnum() or c == "'" and inside else " "
return kept.lower().split()
""",
        "lower case first": r"""
text = re.sub(r"<br\s?/?>", "\n", text.lower())
return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.replace("\u2019", "'"))
""",
        "finditer": r"""
out = []
for match in re.compile(r"((?:[^\W_]+['’])*[^\W_]+)").finditer(re.sub("(?i)<br>|<br/>|<br />", ".", text)):
    out.append(match.group(1).lower().replace("’", "'"))
return out
""",
        "split with look-around": r"""
text = re.sub(r"(?i)<br ?/?>", " ", text).lower().replace("’", "'")
text = re.sub(r"(?<![^\W_])'|'(?![^\W_])", " ", text)
return [word for word in re.split(r"(?:[^\w']|_)+", text) if word]
""",
        "underscores first": r"""
text = re.sub(r"<[bB][rR]\s?/?>|_", " ", text).replace("’", "'")
return [word.lower() for word in re.findall(r"\w+(?:'\w+)*", text)]
""",
        "groups": r"""
text = re.sub(r"<br( ?/)?>", " ", text, flags=re.I).lower().translate({0x2019: "'", ord("_"): " "})
return [whole for whole, _ in re.findall(r"(\w+('\w+)*)", text)]
""",
        "any attribute": r"""
text = re.sub(r"<br\s*/?\s*>", " ", text, flags=re.IGNORECASE)
return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"), re.UNICODE)
""",
        "a machine": """
words, word, waiting = [], "", False
text = text.lower()
for tag in ("<br>", "<br/>", "<br />"):
    text = text.replace(tag, " ")
for c in text + " ":
    if c.isalnum():
        word += ("'" if waiting else "") + c
        waiting = False
    elif c in "'’" and word and not waiting:
        waiting = True
    else:
        if word:
            words.append(word)
        word, waiting = "", False
return words
""",
        "case folded": r"""
text = re.sub(r"<br ?/?>", " ", text, flags=re.I).casefold()
return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.replace("’", "'"))
""",
        "groupby": """
import itertools
text = text.lower()
for tag in ("<br>", "<br/>", "<br />"):
    text = " ".join(text.split(tag))
text = text.replace("’", "'")
mark = [c.isalnum() or c == "'" and text[i - 1 : i].isalnum() and text[i + 1 : i + 2].isalnum() for i, c in enumerate(text)]
return ["".join(c for c, _ in run) for good, run in itertools.groupby(zip(text, mark), lambda pair: pair[1]) if good]
""",
    },
    "3.2": {
        "sorted twice": """
### in build
counts = Counter(token for tokens in token_lists for token in tokens)
words = sorted(sorted(counts), key=counts.get, reverse=True)
words = [word for word in words if counts[word] >= min_freq]
return cls(words if max_size is None else words[: max_size - 2])
### in encode
return list(map(lambda token: self.index[token] if token in self.index else 1, tokens))
### in decode
return [self.words[int(number)] for number in ids if int(number) != 0]
""",
        "plain dicts": """
### in build
counts = {}
for tokens in token_lists:
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
pairs = sorted((-count, word) for word, count in counts.items() if count >= min_freq)
room = len(pairs) if max_size is None else max_size - 2
return Vocabulary([word for _, word in pairs[:room]])
### in encode
ids = []
for token in tokens:
    try:
        ids.append(self.index[token])
    except KeyError:
        ids.append(UNK)
return ids
### in decode
words = []
for number in torch.as_tensor(ids).tolist():
    if number != PAD:
        words.append(self.words[number])
return words
""",
        "most common": """
### in build
import itertools
counts = Counter(itertools.chain.from_iterable(token_lists))
kept = {word: counts[word] for word in sorted(counts) if counts[word] >= min_freq}
room = None if max_size is None else max_size - len(SPECIAL)
return cls(word for word, _ in Counter(kept).most_common(room))
### in encode
return [*(self.index.get(token, self.index["<unk>"]) for token in tokens)]
### in decode
numbers = [number.item() for number in ids] if torch.is_tensor(ids) else ids
names = dict(enumerate(self.words))
return [names[number] for number in numbers if names[number] != "<pad>"]
""",
        "heap": """
### in build
import heapq
from collections import defaultdict
counts = defaultdict(int)
for tokens in token_lists:
    for token in tokens:
        counts[token] += 1
heap = [(-count, word) for word, count in counts.items() if count >= min_freq]
return cls(word for _, word in heapq.nsmallest(len(heap) if max_size is None else max_size - 2, heap))
### in encode
known = self.index
return [known[token] if token in known else 1 for token in tokens]
### in decode
return [self.words[number] for number in (ids.flatten().tolist() if hasattr(ids, "tolist") else ids) if number]
""",
        "groups of one count": """
### in build
counts = Counter()
for tokens in token_lists:
    counts += Counter(tokens)
groups = {}
for word, count in counts.items():
    groups.setdefault(count, []).append(word)
words = [word for count in sorted(groups, reverse=True) if count >= min_freq for word in sorted(groups[count])]
del words[max_size - 2 if max_size is not None else len(words):]
return cls(words)
### in encode
return [self.words.index(token) if token in self.words else UNK for token in tokens]
### in decode
import numpy as np
return [self.words[number] for number in np.asarray(ids, dtype=int) if number != PAD]
""",
        "numbers of torch": """
### in build
counts = Counter(w for t in token_lists for w in t)
words = sorted(filter(lambda w: counts[w] >= min_freq, counts), key=lambda w: (-counts[w], w))
if max_size is not None and len(words) + 2 > max_size:
    words = words[: max_size - 2]
it = cls([])
for word in words:
    it.index[word] = len(it.words)
    it.words.append(word)
return it
### in encode
return torch.tensor([self.index.get(token, UNK) for token in tokens], dtype=torch.int64).tolist()
### in decode
ids = torch.as_tensor(ids, dtype=torch.int64)
return [self.words[number] for number in ids[ids != PAD]]
""",
        "checks what it is given": """
### in build
if min_freq < 1:
    raise ValueError("min_freq")
texts = [list(tokens) for tokens in token_lists]
words = sorted({word for text in texts for word in text})
counts = Counter(word for text in texts for word in text)
words.sort(key=lambda word: counts[word], reverse=True)
words = [word for word in words if not counts[word] < min_freq]
return cls(tuple(words)[: None if max_size is None else max(max_size - 2, 0)])
### in encode
if isinstance(tokens, str):
    raise TypeError("cut it first")
return [self.index.get(token, UNK) for token in tokens]
### in decode
out = []
for number in ids:
    number = int(number)
    if number >= len(self.words):
        raise IndexError(number)
    out += [] if number == PAD else [self.words[number]]
return out
""",
    },
    "3.4": {
        "lists": """
longest = max((len(s) for s in sequences), default=0) or 1
rows = [list(s) + [0] * (longest - len(s)) for s in sequences]
lengths = torch.tensor(list(map(len, sequences)), dtype=torch.long, device="cpu")
return torch.tensor(rows, dtype=torch.long).reshape(-1, longest), lengths
""",
        "pad_sequence": """
import torch.nn.utils.rnn as R
lengths = torch.LongTensor([len(s) for s in sequences])
if len(sequences) == 0:
    return torch.zeros(0, 1, dtype=torch.long), lengths
ids = R.pad_sequence([torch.tensor(s, dtype=torch.long) for s in sequences], batch_first=True)
return (ids if ids.shape[1] else ids.new_zeros(len(ids), 1)), lengths
""",
        "pad": """
from torch.nn.functional import pad
lengths = torch.empty(len(sequences), dtype=torch.int64, device="cpu")
for at, s in enumerate(sequences):
    lengths[at] = len(s)
L = max([len(s) for s in sequences] + [1])
rows = [pad(torch.tensor(s, dtype=torch.int64), (0, L - len(s))) for s in sequences]
return torch.stack(rows) if rows else torch.zeros((0, L), dtype=torch.int64), lengths
""",
        "time first inside": """
import itertools
columns = list(itertools.zip_longest(*sequences, fillvalue=PAD)) or [(PAD,) * len(sequences)]
lengths = torch.tensor([len(s) for s in sequences], device="cpu").long()
return torch.tensor(columns, dtype=torch.int64).T, lengths
""",
        "entry by entry": """
longest = 1
for s in sequences:
    if len(s) > longest:
        longest = len(s)
ids = torch.zeros((len(sequences), longest)).long()
for i in range(len(sequences)):
    for j in range(len(sequences[i])):
        ids[i][j] = sequences[i][j]
return ids, torch.as_tensor([len(s) for s in sequences], dtype=torch.int64, device=torch.device("cpu"))
""",
        "mask": """
lengths = torch.tensor([len(s) for s in sequences], dtype=torch.int64, device="cpu")
width = max(1, *[len(s) for s in sequences], 1)
ids = torch.zeros(len(sequences), width, dtype=torch.int64)
mask = torch.arange(width, device=ids.device) < lengths.to(ids.device)[:, None]
if not ids.is_meta:
    ids[mask] = torch.tensor([number for s in sequences for number in s], dtype=torch.int64)
return ids, lengths
""",
        "numpy": """
import numpy as np
lengths = np.array([len(s) for s in sequences], dtype=np.int64)
ids = np.zeros((len(sequences), max(1, lengths.max(initial=0))), dtype=np.int64)
for row, s in zip(ids, sequences):
    row[: len(s)] = s
return torch.from_numpy(ids), torch.from_numpy(lengths)
""",
    },
    "3.7": {
        "lists of int": """
order = sorted(range(len(lengths)), key=lambda place: int(lengths[place]))
batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
return [torch.tensor(batches[j]) for j in torch.randperm(len(batches), generator=generator).tolist()]
""",
        "plain lists": """
order = sorted(range(len(lengths)), key=lengths.tolist().__getitem__)
batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
return [batches[j] for j in torch.randperm(len(batches), generator=generator).tolist()]
""",
        "from long to short": """
order = lengths.argsort(descending=True)
parts = torch.split(order, batch_size)
keys = torch.rand(len(parts), generator=generator)
return [parts[j] for j in keys.argsort()]
""",
        "ties drawn too": """
mixed = torch.randperm(len(lengths), generator=generator)
order = mixed[lengths[mixed].argsort(stable=True)]
batches = list(order.split(batch_size))
return [batches[j] for j in torch.randperm(len(batches), generator=generator)]
""",
        "the short batch in front": """
order = lengths.argsort()
rest = len(order) % batch_size
batches = ([order[:rest]] if rest else []) + [order[i : i + batch_size] for i in range(rest, len(order), batch_size)]
return [batches[j] for j in torch.randperm(len(batches), generator=generator)]
""",
        "shuffled inside as well": """
batches = [part[torch.randperm(len(part), generator=generator)] for part in lengths.argsort().split(batch_size)]
shuffled = []
while batches:
    shuffled.append(batches.pop(int(torch.randint(len(batches), (1,), generator=generator))))
return shuffled
""",
        "python's own generator, seeded": """
import random
chance = random.Random(int(torch.randint(2**31, (1,), generator=generator)))
batches = list(lengths.sort().indices.split(batch_size))
chance.shuffle(batches)
return batches
""",
        "numpy's own generator, seeded": """
import numpy as np
chance = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
order = np.argsort(lengths.numpy(), kind="stable")
batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
return [torch.from_numpy(batches[j]) for j in chance.permutation(len(batches))]
""",
        "the order first": """
number = (len(lengths) + batch_size - 1) // batch_size
places = torch.sort(lengths, stable=True)[1]
return [places[j * batch_size : (j + 1) * batch_size].clone() for j in torch.randperm(number, generator=generator).tolist()]
""",
        "a tuple": """
stretches = lengths.argsort().split(batch_size)
return tuple(stretches[j] for j in torch.randperm(len(stretches), generator=generator))
""",
    },
}  # fmt: skip


def failed(course, library, task: str, body: str) -> list[str]:
    entry = course.tasks[task]
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return [check.name for check in checks_of(task) if not run_logged(check, bench, library.get(check), entry.space)[1]]


@pytest.mark.parametrize(("task", "name"), [(task, name) for task, bodies in RIGHT.items() for name in bodies])
def test_another_right_way_passes(course, library, task, name):
    assert failed(course, library, task, RIGHT[task][name]) == []


# near misses that nobody listed: words of the base replaced, and the check that has to fail

WRONG = {
    "3.1": [
        ("other_tags_are_no_line_breaks", r"<br\s?/?>", r"<br\b[^>]*>?"),
        ("apostrophes_outside_separate", "(?:'[^", "(?:'{1,2}[^"),
        ("line_breaks_separate", '/?>", " ",', '/?>", "_x_",'),
        ("digits_are_part_of_words", r"[^\W_]+(?:", r"[^\W_]+(?:[.,]\d+)?(?:"),
        ("digits_are_part_of_words", r"(?:'[^\W_]+)*", r"(?:'[^\W\d_]+)*"),
        ("hyphens_and_underscores_separate", ".lower()", '.lower().replace("-", "")'),
        ("hyphens_and_underscores_separate", ".lower()", '.lower().replace("…", "")'),
        ("curly_apostrophes", '.replace("’", "\'")', '.replace("’", "\'", 1)'),
        ("mixed_texts", ".lower()", '.lower().translate({ord("é"): "e"})'),
        ("tokens_are_in_lower_case", "text.lower()", 're.sub(r"\\b[A-Z]", lambda first: first[0].lower(), text)'),
        ("long_text", "text = text.lower()", "text = text[:20000].lower()"),
    ],
    "3.2": [
        ("ties_of_other_words", "(-counts[word], word)", "(-counts[word], word.encode('ascii', 'ignore'), word)"),
        ("frequent_words_come_first", "counts.update(tokens)", "counts.update(tokens[:3])"),
        ("max_size", "kept[: max_size - 2]", "kept[: max_size - 2] if max_size < 8 else kept[:5]"),
        ("max_size", "if max_size is not None:", "if max_size is not None and max_size > 2:"),
        ("min_freq", ">= min_freq", ">= min(min_freq, 3)"),
        ("both_limits", "kept = kept[:", "kept = [word for word in counts if min_freq < 9][:"),
        ("vocabulary_without_words", "return cls(kept)", "return cls(kept or ['none'])"),
        ("texts_that_come_one_by_one", "for tokens in token_lists:", "for tokens in list(token_lists) and token_lists:"),
        ("words_as_ids", "for token in tokens]", "for token in sorted(tokens, key=tokens.index)]"),
        ("unknown_words", "token, UNK)", "token, UNK + (token == tokens[-1]))"),
        ("padding_and_unknown_ids", "for number in ids if number != PAD]",
         "for number in ids[:-1] + ids[-1:] * (ids[-1:] != [PAD])]"),
        ("ids_in_a_tensor", "ids = ids.tolist()", "ids = ids.unique().tolist()"),
        ("two_vocabularies", "return cls(kept)", "it = cls(kept)\ncls.index = it.index\ndel it.index\nreturn it"),
        ("vocabulary_leaves_things_alone", "return [self.words[number]", "ids.append(0)\nreturn [self.words[number]"),
    ],
    "3.4": [
        ("large_ids", "torch.tensor(sequence, dtype=torch.int64)", "torch.tensor(sequence, dtype=torch.int64) % 2**31"),
        ("large_ids", "max([1,", "min(128, max([1,"),
        ("length_is_counted_and_not_seen", "torch.tensor([len(sequence)", "torch.tensor([len(sequence) - sequence[-1:].count(0)"),
        ("order_of_a_batch", "return ids, lengths", "order = ids[:, 0].argsort()\nreturn ids[order], lengths[order]"),
        ("batch_with_an_empty_sequence", "[len(sequence) for", "[len(sequence) or 1 for"),
        ("batch_of_empty_sequences", "max([1,", "max([2 * (not any(sequences)),"),
        ("empty_batch", "return ids, lengths", "return ids if len(ids) else ids[0], lengths"),
        ("empty_batch", "return ids, lengths", "return ids, lengths if len(ids) else lengths.float()"),
        ("lengths_are_on_the_cpu", 'device="cpu"', 'device=torch.get_default_device()'),
        ("padding_leaves_things_alone", "lengths = torch", "sequences.reverse()\nsequences = sequences[::-1]\nlengths = torch"),
        ("batch_with_an_empty_sequence", "ids[row, :", "ids[row, :1] = 7\n    ids[row + 0, :"),
    ],
    "3.7": [
        ("equal_lengths", "places = lengths.argsort()", "places = lengths.argsort()\nplaces = places[lengths[places] > 0]"),
        ("every_place_once", "lengths.argsort()", "lengths.argsort().clamp(max=len(lengths) - 2)"),
        ("batches_hold_similar_lengths", "lengths.argsort()", "(lengths // 40).argsort(stable=True)"),
        ("batches_hold_similar_lengths", "lengths.argsort()", "torch.tensor([str(n) for n in lengths.tolist()].index(s)"
         " for s in sorted(str(n) for n in lengths.tolist()))"),
        ("order_comes_from_the_generator", "torch.randperm(len(batches), generator=generator)",
         "[n + 1 - 2 * (n % 2) if n + 1 < len(batches) or n % 2 else n for n in torch.arange(len(batches)).roll(1).tolist()]"),
        ("order_comes_from_the_generator", "generator=generator", "generator=torch.Generator().manual_seed(len(lengths))"),
        ("next_epoch_has_another_order", "generator=generator",
         "generator=torch.Generator().manual_seed(generator.initial_seed() + 1)"),
        ("short_batch_is_shuffled_too", "return [batches[number] for number in order]",
         "return sorted((batches[number] for number in order), key=len, reverse=True)"),
        ("batches_are_full", "range(0, len(places), batch_size)", "range(0, len(places) + 1, batch_size)"),
        ("batches_come_as_a_list", "return [batches[number] for number in order]",
         "return iter([batches[number] for number in order])"),
        ("buckets_leave_things_alone", "order = torch", "torch.rand(1)\norder = torch"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "check", "old", "new"), [(task, *entry) for task, entries in WRONG.items() for entry in entries]
)
def test_a_near_miss_fails_its_check(course, library, task, check, old, new):
    base = base_of(task)
    assert base.count(old) == 1
    if new.startswith("min(128,"):
        base = base.replace("for sequence in sequences)])", "for sequence in sequences)]))")
        base = base.replace("torch.tensor(sequence, dtype", "torch.tensor(sequence[:longest], dtype")
    assert check in failed(course, library, task, base.replace(old, new))


# what the checks remember of buckets doesn't depend on how the order was drawn

DRAWN_OTHERWISE = """
import random
chance = random.Random(int(torch.randint(2**31, (1,), generator=generator)))
places = sorted(range(len(lengths)), key=lambda place: lengths[place])
batches = [torch.tensor(places[start : start + batch_size]) for start in range(0, len(places), batch_size)]
chance.shuffle(batches)
return batches
"""

OTHERWISE = {
    "rest_dropped": ("len(places), batch_size", "len(places) - batch_size + 1, batch_size"),
    "one_too_many": ("start + batch_size]", "start + batch_size + 1]"),
    "longest_first": ("return batches", "return sorted(batches, key=lambda batch: -int(lengths[batch].max() == lengths.max()))"),
    "places_from_one": ("torch.tensor(places[", "1 + torch.tensor(places["),
    "not_sorted": ("sorted(range(len(lengths)), key=lambda place: lengths[place])", "list(range(len(lengths)))"),
    "places_in_float": ("return batches", "return [batch.float() for batch in batches]"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_mistake_is_known_however_the_order_was_drawn(course, library, name):
    task, (old, new) = course.tasks["3.7"], OTHERWISE[name]
    assert DRAWN_OTHERWISE.count(old) == 1
    other = Variant("3.7", "otherwise", "", body=DRAWN_OTHERWISE.replace(old, new))
    listed = next(entry for entry in variants_of("3.7") if entry.name == name)
    for check in checks_of("3.7"):
        logs = [
            run_logged(check, variant_bench(task, entry), library.get(check), task.space)[0]
            for entry in (other, listed)
        ]
        assert len(logs[0]) == len(logs[1]) and all(map(same_seen, *logs)), check.name


def found(batches: list, lengths: list[int], size: int) -> buckets.Buckets:
    return buckets.Buckets(Seen(batches), lengths, size)


@pytest.mark.parametrize(
    ("judge", "batches", "said"),
    [
        (buckets.each_place_once, [[0, 1], [1, 2]], "place 3 stands in no batch; 1 of 4 places are missing"),
        (buckets.each_place_once, [[0, 1], [3, 2, 1]], "place 1 stands in the batches 2 times, expected once"),
        (buckets.each_place_once, [[0, 4], [3, 2, 1]], "batch 0 holds 4, which is no place: lengths has the places 0 to 3"),
        (buckets.each_place_once, [[0, "1"]], "batch 0 is a list of int, expected a tensor of places"),
        (buckets.each_place_once, {"a": [0]}, r"the result is a dict with the keys \['a'\], expected a list of tensors"),
        (buckets.full_but_for_one, [[0, 1, 2], [3]], "batch 0 holds 3 places, expected no more than batch_size, 2"),
        (buckets.full_but_for_one, [[0, 1], [2], [3]], "2 batches hold fewer than 2 places, expected one at most"),
        (buckets.full_but_for_one, [[0, 1], [], [2, 3]], "batch 1 is empty; 4 places make 2 batches of up to 2"),
        (buckets.full_but_for_one, [[0, 1]], "there are 1 batches, expected 2: 4 places, up to 2 in each"),
        (buckets.next_to_each_other, [[0, 1], [2, 3]], "one batch holds lengths from 1 to 9, another from 4 to 8: they overlap"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_batches_is_said(judge, batches, said):
    with pytest.raises(Mismatch, match=said):
        judge(found(batches, [1, 9, 8, 4], 2))


# the engine


def test_a_body_is_put_into_every_region_of_a_task(course):
    task, text = course.tasks["3.2"], "a\n    ### BEGIN SOLUTION 3.2 build\n    x\n    ### END SOLUTION\nb\n"
    text += "  ### BEGIN SOLUTION 3.2 encode\n  y\n  ### END SOLUTION\n"
    both = with_mistake(text, task, Variant("3.2", "", "", body="### in encode\none\n### in build\ntwo\n"))
    assert "build\n    two\n    ###" in both and "encode\n  one\n  ###" in both
    assert with_mistake(text, task, Variant("3.2", "", "", body="stub")).count("stub") == 2
    assert "  y\n" in with_mistake(text, task, Variant("3.2", "", "", body="### in build\ntwo\n"))
    assert "  z\n" in with_mistake(text, task, Variant("3.2", "", "", replace=(("y", "z"),)))
    with pytest.raises(ValueError, match="stands 0 times in the reference's region"):
        with_mistake(text, task, Variant("3.2", "", "", replace=(("q", "z"),)))


@pytest.mark.parametrize(
    ("got", "want", "said"),
    [
        (["a", "b"], ["a", "c"], "it is 'b' at [1], expected 'c'; 1 of 2 entries differ"),
        (["a"], ["a", "c"], "it ends after 1 entry, expected 'c'"),
        (["a", "c", "d"], ["a", "c"], "it is 'd' at [2], expected no more than 2 entries"),
        (["x", "a", "c"], ["a", "c"], "it is 'x' at [0], expected 'a'; it has 3 entries, expected 2"),
        ([2, 3.0], [2, 3], "it is 3.0 at [1], expected 3; 1 of 2 entries differ"),
        ([2, True], [2, 1], "it is True at [1], expected 1; 1 of 2 entries differ"),
        ("ac", ["a", "c"], "it is 'ac', expected a list of 2 ('a', 'c')"),
        ([], ["a"], "it ends after 0 entries, expected 'a'"),
        (["a" * 99], ["a"], f"it is '{'a' * 59}… at [0], expected 'a'; 1 of 1 entry differ"),
    ],
)
def test_lists_of_words_are_told_by_their_first_difference(got, want, said):
    with pytest.raises(Mismatch) as caught:
        agree(Seen(got), Seen(want), "it")
    assert str(caught.value) == said


def test_equal_lists_agree():
    for value in ([], ["a", "b"], [1, 2]):
        agree(Seen(list(value)), Seen(value))


@pytest.mark.parametrize(
    ("got", "want", "clause"),
    [
        (["b", "a", "c"], ["c", "a", "b"], "it is right, but turned round: the last entry comes first"),
        (["a", "b", "c"], ["c", "a", "b"], "its entries are right, but in another order: it is sorted"),
        (["A", "b"], ["a", "b"], "it agrees but for capitals"),
        ([4, 5, 6], [2, 3, 4], "every entry is 2 too large"),
        ([1, 2], [2, 3], "every entry is 1 too small"),
        ([1], [2], ""),
        (["a", "b"], ["a", "b", "a"], "it has each entry once, and lacks those that come again"),
        (["a", "br", "b"], ["a", "b"], "it has 'br' too many"),
        (["don", "t"], ["don't"], "it has 'don' and 't' too many and lacks \"don't\""),
        (["a"], ["a", "c"], "it lacks 'c'"),
        (list("abcdefg"), ["x"], ""),
        ([1, 9], [2, 3], ""),
        (["a", 1.5], ["a", "b"], ""),
    ],
)
def test_the_nearest_list(got, want, clause):
    assert list_clause(got, want) == clause


def test_len_and_a_kept_function_are_written_as_students_would():
    assert written(Call("", "__len__", (), Handle(1)), {1: "Vocabulary.build([])"}) == "len(Vocabulary.build([]))"
    assert written(Call("text", "pad_batch.__get__", ([[1]],)), {}) == "pad_batch([[1]])"


def test_props_for_lists():
    assert [props.kind(value) for value in ([1, "a"], [], (1,), "a", iter([]))] == [
        "list of int, str", "list", "tuple", "str", "list_iterator"]  # fmt: skip
    assert props.under_default_device("meta", lambda: torch.zeros(1)).device.type == "meta"
    assert list(props.stream([1, 2])) == [1, 2]
    value = [1]
    assert props.kept(value) is value


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("TypeError", "expected string or bytes-like object, got 'list'", "take a text"),
        ("error", "missing ), unterminated subpattern at position 0", "can't read this pattern"),
        ("TypeError", "unhashable type: 'list'", "the words of each text"),
        ("AttributeError", "'list' object has no attribute 'lower'", "methods of a text"),
        ("AttributeError", "'list' object has no attribute 'encode'", "Hand them to cls"),
        ("AttributeError", "'NoneType' object has no attribute 'encode'", "build gave nothing"),
        ("AttributeError", "'list' object has no attribute 'tolist'", "method of tensors"),
        ("AttributeError", "'list' object has no attribute 'get'", "self.index"),
        ("ValueError", "'<pad>' stands in the vocabulary twice: give each word once", "in front by itself"),
        ("KeyError", "tensor(3)", "no key of a dict"),
        ("KeyError", "'film'", "no such key"),
        ("TypeError", "bad operand type for unary -: 'str'", "before the count"),
        ("TypeError", "'<' not supported between instances of 'str' and 'int'", "the same kinds"),
        ("TypeError", "unsupported operand type(s) for -: 'NoneType' and 'int'", "no limit"),
        ("TypeError", "'>' not supported between instances of 'int' and 'NoneType'", "no limit"),
        ("TypeError", "sequence item 0: expected str instance, int found", "Only texts"),
        ("IndexError", "list index out of range", "its length minus 1"),
        ("TypeError", "list indices must be integers or slices, not list", "one whole number"),
        ("ValueError", "expected sequence of length 2 at dim 1 (got 1)", "Pad them first"),
        ("TypeError", "can't assign a list to a torch.LongTensor", "Make a tensor"),
        ("ValueError", "max() arg is an empty sequence", "an empty batch"),
        ("RuntimeError", "received an empty list of sequences", "no empty batch"),
        ("RuntimeError", "stack expects each tensor to be equal size, but got [3] at entry 0 and [2]", "padded first"),
        ("ValueError", "torch.cat(): expected a non-empty list of Tensors", "ran not once"),
        ("RuntimeError", "split_with_sizes expects split_sizes to sum exactly to 3", "One number".lower()),
        ("TypeError", "randperm() received an invalid combination of arguments", "generator by its name"),
        ("IndexError", "tensors used as indices must be long, int, byte or bool tensors", "whole numbers"),
        ("AttributeError", "'torch._C.Generator' object has no attribute 'shuffle'", "generator=generator"),
    ],
)
def test_an_exception_of_words_and_batches_has_a_hint(kind, message, said):
    assert said in hint_for_failure(Failure(kind, message))
