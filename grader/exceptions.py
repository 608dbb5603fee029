"""What exceptions usually mean, by their type and message: hints for code that stopped."""

from __future__ import annotations

import re

from grader.engine.values import Failure

__all__ = ["RETURNS", "hint_for_failure"]

RETURNS = "It gave None: does every way through the function end with `return`?"
FIXED_DEVICE = ("A tensor was made on a fixed device, or an argument such as `lengths` lies on another. Make it beside an "
                "argument, as in x.new_zeros(...), or bring it there with .to(...).")  # fmt: skip
NOT_MET = ("Two tensors of different shapes meet in a sum, a product or a comparison. Print both just before: which axis is the "
           "batch, which the features?")  # fmt: skip
NONE = "Something is None here: a state that was left out, which means zeros, or a thing not made yet."
NO_GRADIENT = "A .grad is None until a backward pass has come by: skip tensors without one, or look why none arrives."
ONE_PASS = "A generator has no length and no places, and is gone after one pass: make a list of it first."
STOPPED = "A cell above stopped before this was defined: mend that cell first."
PACKED = ("A packed batch is no tensor (N, L, F). Unpack it with pad_packed_sequence, or take the layer's last state, which is "
          "a tensor already.")  # fmt: skip
WHOLE = "Places are whole numbers, and floats came: .long() makes whole numbers of them."
# of tasks 3.3, 3.5, 3.6 and 3.8, in the form of USUAL
READING = (
    ("RuntimeError", r"lengths. array must be sorted",
     "Packing was promised sorted lengths. With enforce_sorted=False it sorts for itself, and puts the rows back "
     "afterwards."),
    ("RuntimeError", r"Length of all samples has to be greater than 0",
     "An empty review came, and packing takes lengths of 1 or more: clamp a copy of them. What an empty review gets "
     "must not depend on the batch."),
    ("RuntimeError", r"'lengths' argument should be a 1D CPU",
     "Packing wants the lengths on the CPU, as int64, wherever the ids are."),
    ("AttributeError", r"'PackedSequence' object has no", PACKED),
    ("TypeError", r"not PackedSequence", PACKED),
    ("AttributeError", r"'Tensor' object has no attribute 'batch_sizes'",
     "What a layer gave for a packed batch can be unpacked, and this is a plain tensor: was the batch packed?"),
    ("TypeError", r"tuple indices must be integers or slices, not tuple",
     "A tuple is indexed as if it were a tensor. A packed batch is one, and so is an LSTM's state (h, c): unpack it, "
     "or take it apart first."),
    ("TypeError", r"must be Tensor, not tuple",
     "A tuple came where one tensor is wanted. A recurrent layer gives the outputs and the last state, and an LSTM's "
     "state is the pair (h, c) itself: take them apart first."),
    ("ValueError", r"does not match weight dtype",
     "The layer was fed another dtype than that of its weights. Ids are whole numbers: they go through the embedding "
     "first."),
    ("RuntimeError", r"input\.size\(-1\) must be equal to input_size",
     "The layer was made for another number of features than it was fed. Print the shape: have the ids gone through "
     "the embedding, and is the batch in front?"),
    ("RuntimeError", r"argument #1 'indices' to have one of",
     "An embedding looks up whole numbers, and floats came: keep ids int64."),
    ("IndexError", r"index out of range in self",
     "An id lies outside of the embedding's table."),
    ("IndexError", r"tensors used as indices must be", WHOLE),
    ("RuntimeError", r"Expected dtype int32.*for index|one_hot is only applicable", WHOLE),
    ("NotImplementedError", r"\"bincount_\w+\" not implemented for", WHOLE),
    ("RuntimeError", r"Class values must be smaller than num_classes",
     "There are ids that one_hot has no place for: the number of classes is that of the rows of the weight."),
    ("IndexError", r"Index is supposed to be a vector",
     "index_select takes places in one axis. Flatten them and give the result its shape back, or index with them as "
     "they are."),
    ("IndexError", r"shape of the mask .* does not match",
     "A tensor of True and False picks like a mask, and has to have the shape of what it picks from. Where 0 and 1 are"
     " meant as places, make whole numbers of them."),
    ("RuntimeError", r"to be a boolean tensor|only supports boolean masks",
     "A mask holds True and False: a comparison makes one."),
    ("RuntimeError", r"with a bool tensor is not supported|on a bool tensor, is not|on a bool tensor is not",
     "A mask is turned around with ~."),
    ("TypeError", r"operator\.invert\) is only implemented",
     "~ turns a mask of True and False around, and numbers came: a comparison makes a mask."),
    ("RuntimeError", r"can't be cast to the desired output type",
     "Whole numbers can't take in floats in place: make both of one dtype."),
    ("RuntimeError", r"could not infer output dtype",
     "Whole numbers have no mean in torch: bring them to floats first."),
    ("RuntimeError", r"cannot reshape tensor of 0 elements",
     "Where there are no numbers, -1 in a reshape can't be told: give that size itself."),
    ("RuntimeError", r"view size is not compatible",
     "`view` takes numbers in the order in which they lie in memory, and they lie otherwise here. `reshape` copies "
     "where it must; but do the axes stand in the order that you mean?"),
    ("ValueError", r"expected a non-empty list of Tensors",
     "The list is empty: the loop that fills it ran not once. Print what it counts over."),
)  # fmt: skip
# words, a vocabulary, a padded batch, batches of similar length: 3.1, 3.2, 3.4, 3.7
WORDS = (
    (
        "TypeError",
        r"expected string or bytes-like object",
        "The functions of re take a text. What came is none: print its type. Of a list of words, each is a text.",
    ),
    (
        "error",
        r".",
        'Python can\'t read this pattern: is a bracket left open, or a mark not escaped? Write patterns as r"…".',
    ),
    ("PatternError", r".", "Python can't read this pattern: is a bracket left open, or a mark not escaped?"),
    (
        "AttributeError",
        r"'list' object has no attribute '(lower|strip|replace|split|isalpha|isalnum)'",
        "A list of words has no methods of a text: call it on the text, or on each word in turn.",
    ),
    (
        "TypeError",
        r"unhashable type: 'list'",
        "A list can't be counted, nor be a key. A whole text came where one word is meant: go through the words of each text.",
    ),
    (
        "AttributeError",
        r"'(list|dict|Counter|tuple)' object has no attribute '(encode|decode|__len__)'",
        "build gave the entries themselves. Hand them to cls, and return the vocabulary that it makes.",
    ),
    (
        "AttributeError",
        r"'NoneType' object has no attribute '(encode|decode|__len__)'",
        "build gave nothing: return the vocabulary that cls makes of the words.",
    ),
    (
        "AttributeError",
        r"'(list|tuple)' object has no attribute '(tolist|numpy|item)'",
        "That is a method of tensors, and a list came. Ask first which of the two it is.",
    ),
    (
        "AttributeError",
        r"'list' object has no attribute 'get'",
        "A list has no get, that is a dict's: do you mean self.index, which has the id of each word, or self.words, which has "
        "the word of each id?",
    ),
    (
        "ValueError",
        r"stands in the vocabulary twice",
        "Vocabulary(words) puts <pad> and <unk> in front by itself. Hand it the words alone, each once.",
    ),
    (
        "KeyError",
        r"^tensor\(",
        "A tensor is no key of a dict, even where it holds the same number. Make Python's own numbers of it: int() or tolist().",
    ),
    (
        "KeyError",
        r".",
        "The dict has no such key. Where one may be missing, get() takes what to give instead; a Counter begins at 0 by itself.",
    ),
    (
        "AttributeError",
        r"Generator' object has no attribute",
        "A torch.Generator draws nothing by itself: functions such as torch.randperm take it, as generator=generator.",
    ),
    (
        "TypeError",
        r"bad operand type for unary -: '(str|tuple)'",
        "Only a number has a negative: put the minus before the count alone.",
    ),
    (
        "TypeError",
        r"'<' not supported between instances of '(str|int)' and '(str|int)'",
        "Words and numbers are compared in sorting. A key gives the same kinds, in the same order, for all.",
    ),
    (
        "TypeError",
        r"(for [-+]: |instances of )('NoneType' and 'int'|'int' and 'NoneType')",
        "None is counted with. A limit that was left out is None, and means no limit: ask for that first.",
    ),
    ("TypeError", r"sequence item \d+: expected str instance", "Only texts can be joined, and a number is among them."),
    (
        "IndexError",
        r"list index out of range",
        "The list has no such place: they run from 0 to its length minus 1. Is it empty, or shorter than what is counted over?",
    ),
    (
        "TypeError",
        r"list indices must be integers or slices",
        "A list takes one whole number in its brackets, and something else came: print it.",
    ),
    (
        "ValueError",
        r"expected sequence of length \d+ at dim",
        "The rows differ in length, and a tensor has rows of one length. Pad them first.",
    ),
    ("TypeError", r"can't assign a list to a", "A tensor takes no list in its places. Make a tensor of it first."),
    (
        "ValueError",
        r"max\(\) (arg is an empty sequence|iterable argument is empty)",
        "There is nothing to take the largest of, as in an empty batch. max takes a `default`; or put the smallest that it may "
        "be among the rest.",
    ),
    (
        "RuntimeError",
        r"received an empty list of sequences",
        "pad_sequence takes no empty batch: see to that case first.",
    ),
    (
        "ValueError",
        r"expected a non-empty list of Tensors",
        "The list is empty: the loop that fills it ran not once. Print what it counts over.",
    ),
    (
        "RuntimeError",
        r"split_with_sizes expects",
        "split with a list takes the size of every part. With one number all parts have that size, but for the last.",
    ),
    (
        "TypeError",
        r"randperm\(\)",
        "randperm takes one whole number, how many there are, and the generator by its name: generator=generator.",
    ),
    (
        "IndexError",
        r"tensors used as indices must be",
        "These indices are no whole numbers. Places are int64: don't divide, and don't make them float.",
    ),
)

# characters, streams of a text, a model of it and its training, bits: 4.1, 4.2, 4.3, 4.4, 4.7
CHARACTERS = (
    (
        "ValueError",
        r"expected single characters, each once",
        "CharVocabulary(characters) takes each character once, and nothing longer: make a set of the text first, and sort it.",
    ),
    (
        "AttributeError",
        r"'(list|set|str)' object has no attribute '(encode|decode|__len__)'",
        "build gave the entries themselves. Hand them to cls, and return the vocabulary that it makes.",
    ),
    (
        "AttributeError",
        r"'CharVocabulary' object has no attribute",
        "A vocabulary has `characters`, the character of each id, and `index`, the id of each character. No other name is there.",
    ),
    (
        "TypeError",
        r"'(set|frozenset|dict_\w+)' object is not subscriptable",
        "A set, or what a dict gives of its keys, has no places. list() or sorted() makes a list of it.",
    ),
    (
        "RuntimeError",
        r"shape '\[.*\]' is invalid for input of size",
        "The numbers don't fill that shape. Count them: is something left over that has to be cut off first?",
    ),
    (
        "RuntimeError",
        r"Expected target size",
        "cross_entropy takes the classes in axis 1: logits (N·L, V) with targets (N·L,), or (N, V, L) with (N, L). Of a "
        "batch of one text take the only row, or flatten batch and time on both sides.",
    ),
    (
        "ValueError",
        r"Expected input batch_size .* to match target batch_size",
        "Logits and targets differ in number: cut or flatten both in the same way.",
    ),
    (
        "RuntimeError",
        r"Expected floating point type for target with class probabilities",
        "cross_entropy got targets in the shape of the logits, and takes such for probabilities. Targets are ids: their shape "
        "has no axis for characters.",
    ),
    (
        "AttributeError",
        r"'(tuple|list)' object has no attribute '(detach|detach_|data)'",
        "An LSTM's state is the pair (h, c), which has no methods of a tensor: detach both parts one by one, and make a pair of "
        "them.",
    ),
    (
        "AttributeError",
        r"'float' object has no attribute '(backward|detach|item)'",
        "A Python float has no graph and no methods of a tensor: was .item() called too early, or twice?",
    ),
    (
        "RuntimeError",
        r"Expected hidden\[?\d?\]? size|Expected hidden size",
        "An LSTM's h and c are (num_layers, N, H), with the layers in front also where the batch is. Print both shapes.",
    ),
    (
        "RuntimeError",
        r"For (un)?batched \d-D input, hx and cx should also be",
        "h and c have another number of axes than the batch wants: they are (num_layers, N, H). Was one indexed or squeezed "
        "away?",
    ),
    (
        "ValueError",
        r"^[hc] has shape .*num_layers, N, H",
        "The state came in another shape than an LSTM's. Hand back what the LSTM gave, with its axis for layers in front.",
    ),
    (
        "TypeError",
        r"^state is a \w+, expected the pair",
        "What was handed on as the state is no pair. Return the LSTM's whole state, (h, c).",
    ),
    (
        "TypeError",
        r"must be real number, not Tensor|type Tensor doesn't define __round__",
        "A function for Python's numbers got a tensor. A plain division works with both.",
    ),
)

# drawing ids, speaking, a linear layer, a model of own parts, the loss of a text: 4.5, 4.6, 4.8, 4.9, 4.10
SPEAKING = (
    ("RuntimeError", r"probability tensor contains either|invalid multinomial distribution",
     "multinomial takes probabilities: none negative, none NaN or infinite, and not all 0. Was the softmax taken, over the "
     "vocabulary? Was something divided by a temperature of 0, or was every id left out?"),
    ("RuntimeError", r"prob_dist must be 1 or 2 dim|probability distributions dimensions must be 1 or 2",
     "multinomial takes one row (V,) or rows (M, V), and more axes came. Flatten those in front, draw, and give them back."),
    ("RuntimeError", r"multinomial only supports floating-point|\"softmax\w*\" not implemented for 'Long'",
     "Probabilities and logits are floats, and whole numbers came: are these ids?"),
    ("RuntimeError", r"cannot sample n_sample > prob_dist",
     "multinomial is asked for more draws from a row than it has ids. One is wanted: its second argument is 1."),
    ("NotImplementedError", r"\"softmax\w*\" not implemented for 'Long'",
     "The softmax is about logits, which are floats, and whole numbers came: are these ids?"),
    ("RuntimeError", r"selected index k out of range",
     "topk is asked for more entries than the axis has. Take the smaller one of k and the size of the axis."),
    ("AttributeError", r"'torch\.return_types\.\w+' object", "topk, sort and max along an axis give two things: .values and "
     ".indices. Take the one that you mean."),
    ("TypeError", r"torch\.return_types\.", "topk, sort and max along an axis give two things: .values and .indices. Take the "
     "one that you mean."),
    ("TypeError", r"torch\._C\.Generator", "A generator came in the place of another argument. Give it by its name: "
     "generator=generator."),
    ("TypeError", r"softmax\(\) missing .*\"dim\"", "softmax wants to be told its axis: dim=-1 is the last, the vocabulary."),
    ("RuntimeError", r"expected target dtype to be Long|expected scalar type Long but found",
     "Targets are ids: whole numbers, int64."),
    ("IndexError", r"^Target -?\d+ is out of bounds",
     "A target is no id of the vocabulary: do the logits have V entries in their last axis, and are these targets ids?"),
    ("RuntimeError", r"For (un)?batched .*input, hx should also be",
     "The state has other axes than the ids ask for. Feed ids (N, L), here (1, 1), and hand the state on as the model gave it."),
    ("ValueError", r"^the state h(as \d|olds a tensor)",
     "The state has to come back to the model as it gave it, and with as many texts in the batch as before."),
    ("ValueError", r"^ids has shape .*expected \(N, L\)",
     "The model reads a batch of texts: one text needs an axis in front, ids[None] is (1, L)."),
    ("ValueError", r"^its embedding\.weight has shape", "Is it the table of 4.9? It has one row more than there are characters, "
     "for padding that a text doesn't have, as the __init__ that was given makes it."),
    ("ValueError", r"^x has shape .*expected \(N, F\): input_size",
     "The cell is fed another number of features than it was made for. Print the shape: were the ids embedded, and is each step "
     "(N, E)?"),
    ("ValueError", r"^[hc] has shape .*: x has \d+ rows",
     "The state doesn't fit what is fed: (N, H), with as many rows. Print both shapes: do batch and time stand in their places?"),
    ("TypeError", r"^state is (one tensor|a )", "An LSTM's state is the pair (h, c): hand on both parts, as they came."),
    ("RuntimeError", r"zero-dimensional tensor .* cannot be concatenated",
     "cat joins along an axis, and these tensors have none. torch.stack makes one."),
    ("TypeError", r"expected Tensor as element \d+ in argument \d+, but got (int|float)",
     "What is joined holds Python numbers: collect tensors, or make one tensor of the whole list."),
    ("RuntimeError", r"must be a matrix|must be 2D|must be a 3D tensor",
     "This product takes a fixed number of axes. @ and torch.matmul take any number in front."),
    ("RuntimeError", r"einsum\(\): the number of subscripts",
     "The letters of the einsum don't fit the axes. `...` stands for any number of axes in front."),
    ("RuntimeError", r"Expected size for first two dimensions of batch",
     "A matrix product has sides that don't meet, here with several axes. Print both shapes: which axis is summed over?"),
    ("IndexError", r"^Dimension out of range",
     "An axis is named that the tensor doesn't have. Print its shape."),
)  # fmt: skip

READS = "The encoder takes the batch and how long each of its rows is: encoder(src, lengths)."
NO_ROWS = ("The largest of nothing is asked for. A map without rows says nothing: go through its rows, or take each row's "
           "largest, dim=1.")  # fmt: skip
MASK = (
    "The mask doesn't fit the memory. It is as wide as src, however long its sentences are, as source_mask(src, lengths) "
    "gives it, and has a row for each token that is fed."
)
SETS = "Sets are compared with sets, and a list or a tuple came. set(pairs) makes one of either."
# teacher forcing, a loss without padding, the error of an alignment: 5.4, 5.5, 5.8
FORCING = (
    ("ValueError", r"^token has shape .*one token for each row",
     "The decoder takes token (N,) and state (N, H), in this order: step(token, state, memory, mask). One token for each row, "
     "without an axis for the step, and the state as the step before gave it."),
    ("TypeError", r"^token is torch\.",
     "Tokens are ids: make them int64, as tgt is. torch.full_like(tgt[:, 0], BOS) takes its type."),
    ("TypeError", r"^mask is torch\.", "The mask holds True and False, as source_mask(src, lengths) gives it."),
    ("ValueError", r"^mask has shape .*of the memory",
     MASK),
    ("ValueError", r"^memory has shape .*expected \(N, S, H\) with",
     "The memory is what the encoder gave first, (N, S, H): step(token, state, memory, mask)."),
    ("ValueError", r"^src has shape .* and lengths", READS),
    ("TypeError", r"Encoder\.forward\(\) missing", READS),
    ("NotImplementedError", r"Decoder\] is missing the required \"forward\"",
     "The decoder has a method for one step, and no other: self.decoder.step(token, state, memory, mask)."),
    ("RuntimeError", r"^Attempting to broadcast a dimension", NOT_MET),
    ("RuntimeError", r"Index tensor must have the same number of dimensions",
     "gather wants places with as many axes as what it picks from. Give them one more, targets[..., None], and take it off "
     "afterwards."),
    ("IndexError", r"Expected reduction dim .*(non-zero size|numel\(\) == 0)", NO_ROWS),
    ("RuntimeError", r"Expected reduction dim .*numel\(\) == 0", NO_ROWS),
    ("TypeError", r"for [&^|]: '(set|list|tuple|frozenset)' and '(set|list|tuple|frozenset)'",
     SETS),
    ("AttributeError", r"'(list|tuple)' object has no attribute '(intersection|difference|union|symmetric_difference)'",
     SETS),
    ("TypeError", r"bernoulli\(\): argument 'input'",
     "bernoulli tosses a coin for each entry of a tensor of probabilities: torch.full((N,), p)."),
)  # fmt: skip

# an encoder, attention, a decoder's step, self-attention: 5.1, 5.2, 5.3, 5.9
ATTENTION = (
    ("RuntimeError", r"cannot be converted to type \S*Half without overflow",
     "float16 ends at ±65504, and a number beyond that stands here. −∞ fits into every float: float('-inf') for hidden places."),
    ("ValueError", r"Expected total_length to be at least",
     "total_length is less than the longest sentence. It is the width that memory is to have, that of src."),
    ("ValueError", r"^GRUCell: Expected (input|hidden) to be",
     "A cell reads one step of a batch: (N, features), with a state (N, H). Has an axis been left over, as after a product?"),
    ("RuntimeError", r"Sizes of tensors must match except in dimension",
     "cat joins tensors that are alike in every axis but that one. Print the shapes: side by side is dim=1."),
    ("RuntimeError", r"Tensors must have same number of dimensions",
     "cat joins tensors with as many axes as each other. Print the shapes: has one kept an axis of size 1?"),
    ("RuntimeError", r"with two bool tensors is not supported",
     "Two masks can't be subtracted. ~ turns one around, & and | join two."),
    ("ValueError", r"^query has shape .* and keys",
     "Attention takes a query (N, Q), keys (N, S, K) and a mask (N, S), in this order. In a decoder's step the state asks, and "
     "the memory holds the keys."),
    ("ValueError", r"^keys have \d+ features",
     "These keys have another size than the attention was made for: are they the memory?"),
    ("ValueError", r"^mask has shape", "The mask has to be (N, S), one truth for each key: hand it on as it came."),
    ("TypeError", r"^mask is torch\.", "The mask holds True and False, and numbers came: hand it on as it came."),
)  # fmt: skip

# greedy decoding and beam search: 5.6, 5.7
DECODING = (
    ("ValueError", r"^token has shape .*one step at a time",
     "A step is fed one token for each row, (N,). Flatten rows and hypotheses into one axis, or take the axis for steps away."),
    ("ValueError", r"^state has shape .*as many as there are tokens",
     "Tokens, states and memory have different numbers of rows. With several hypotheses each needs a row of all of them, and of "
     "the mask: repeat_interleave(beam_size, dim=0)."),
    ("ValueError", r"^mask has shape .*of the keys", MASK),
    ("ValueError", r"is not in list$",
     "index raises where the list doesn't hold what is looked for: a sentence that was cut at max_length has no EOS. Ask first."),
    ("TypeError", r"'<' not supported between instances of 'dict' and 'dict'",
     "Hypotheses are compared whole, and dicts have no order. Give sorted or max a key: the score alone."),
)  # fmt: skip

# (type of exception, pattern in its message) → what it usually means
USUAL = (
    ("NotImplementedError", r"still to do", "Replace the line that raises NotImplementedError with your code."),
    *FORCING,
    *READING,
    *WORDS,
    *CHARACTERS,
    *SPEAKING,
    *ATTENTION,
    *DECODING,
    ("RuntimeError", r"mat1 and mat2 shapes cannot be multiplied|size mismatch|same reduction dim",
     "A matrix product has sides that don't meet. Print both shapes just before that line, and write down which axis of "
     "each is summed over. (Weights are stored as (outputs, inputs).)"),
    ("RuntimeError", r"must match the existing size \(0\)", "What is written here is empty: print its shape. A slice such as "
     "`[:, :-n]` leaves nothing where n is 0."),
    ("RuntimeError", r"must match the size of tensor|expanded size", NOT_MET),
    ("RuntimeError", r"stack expects each tensor to be equal size", "What is stacked differs in length: print the shapes. "
     "Does one of the slices run past the end? A slice that does comes out shorter, without a word. Sequences of unequal length "
     "are padded first."),
    ("RuntimeError", r"expected a non-empty (list of Tensors|TensorList)|expects a non-empty TensorList",
     "The list is empty: the loop that fills it ran not once. Print what it counts over."),
    ("RuntimeError", r"random_ expects 'from' to be less than 'to'", "There is nothing to draw from: the range is empty. "
     "Print both its ends. The upper one is not drawn itself."),
    ("TypeError", r"only integer tensors of a single element can be converted to an index", "One whole number is asked "
     "for here, as in a slice or by range(), and a whole tensor came. Places that differ from row to row are picked by two "
     "tensors, rows and places."),
    ("TypeError", r"expected Tensor as element \d+ in argument \d+, but got (tuple|list)", "What is stacked holds "
     "tuples or lists: collect one tensor for each step. Of a state that is a tuple, that is its first part."),
    ("TypeError", r"'hx' .* must be tuple of Tensors, not Tensor", "This cell's state is a tuple, and one tensor of it "
     "came: hand on all that the cell gave."),
    ("RuntimeError", r"has inconsistent (hidden|input)_size", "A cell of torch's got an input or a state of another size than "
     "it was made for. Print both shapes: do input and state stand in their places, the input first?"),
    ("ValueError", r"values to unpack", "Something is taken apart that has another number of parts. A tensor is taken apart "
     "along its first axis: print its shape."),
    ("RuntimeError", r"Boolean value of Tensor with more than one value is ambiguous", "`if`, `or` and `not` ask for one truth, "
     "and a whole tensor has none. To see whether something was left out, ask whether it is None."),
    ("RuntimeError", r"expected .* dtype|same dtype|expected scalar type", "Two dtypes meet. Make new tensors with the dtype of "
     "an argument, as in x.new_zeros(...), so that float64 inputs work as well."),
    ("RuntimeError", r"Expected all tensors to be on the same device|on the meta device|not on the expected device|is on cpu",
     FIXED_DEVICE),
    ("NotImplementedError", r"Cannot copy out of meta tensor", FIXED_DEVICE),
    ("TypeError", r"can't convert \w+(:\d+)? device type tensor to numpy", "NumPy knows tensors on the CPU alone. "
     "Compute it with torch, which works where the tensor is."),
    ("LookupError", r"^\w+ is not defined$", "Run the cell that defines it, then this one."),
    ("LookupError", r"^\w+ is not defined in ", "Nothing of this name stands in the file: has it been "
     "renamed, indented or deleted?"),
    ("LookupError", r"is not defined; .* stopped with", STOPPED),
    ("NameError", r"; .* stopped with", STOPPED),
    ("TypeError", r"'tuple' and|and 'tuple'", "A pair is used as if it were one tensor: take it apart first."),
    ("RuntimeError", r"does not require grad", "The graph is cut: a result was detached, or made from .data or .item()."),
    ("RuntimeError", r"leaf Variable that requires grad is being used in an in-place", "A parameter, or an argument that needs "
     "its gradient, is overwritten while a graph is recorded. Set a parameter inside `with torch.no_grad():`; leave an argument "
     "as it came, and make a new tensor."),
    ("RuntimeError", r"appears to not have been used in the graph", "No way leads from the result back to one of the tensors "
     "that gradients are asked for: it is a copy, a slice or a stack made on the side, or the way is cut by a detach."),
    ("RuntimeError", r"backward through the graph a second time", "A backward pass takes its graph down, and a second one needs "
     "it again. Make one pass for everything; detach a state that comes from an earlier chunk, both parts of it; or keep the "
     "graph (retain_graph=True), if it is needed again on purpose."),
    ("RuntimeError", r"implicitly created only for scalar outputs", "A gradient is taken of one number, and a whole tensor came: "
     "sum it first."),
    ("RuntimeError", r"can't retain_grad", "There is no graph here, so no gradient can be kept: was it made under "
     "torch.no_grad(), or detached?"),
    ("RuntimeError", r"all elements of (input|target) should be between 0 and 1", "binary_cross_entropy takes probabilities. "
     "For logits there is binary_cross_entropy_with_logits."),
    ("RuntimeError", r"device type for generator", "A generator draws on its own device alone. Draw there, and move what was "
     "drawn to where it is needed."),
    ("RuntimeError", r"Can't call numpy\(\) on Tensor that requires grad", "NumPy knows no graphs: detach the tensor first, or "
     "stay with torch's own functions."),
    ("TypeError", r"cannot assign '.*' as parameter", "A parameter can't be replaced by a plain tensor. Write into it, inside "
     "`with torch.no_grad():`."),
    ("TypeError", r"'generator' (has no len|object is not subscriptable)|object of type 'generator'", ONE_PASS),
    ("ZeroDivisionError", r".", "Something is divided by zero: which count, or which norm, can be 0 here?"),
    ("RuntimeError", r"modified by an inplace operation", "A tensor that the backward pass needs was overwritten. "
     "Write `h = h + …` instead of `h += …`, and collect outputs in a list. Where a step has moved the parameters, a state from "
     "before that step still has its graph: detach it."),
    ("ValueError", r"only one element tensors can be converted", "One number is asked for here, as by float() or a function of "
     "the math module, and a whole tensor came. Torch has functions that take whole tensors."),
    ("RuntimeError", r"cannot be converted to Scalar", "One number is asked for here, as by float() or .item(), and a whole "
     "tensor came."),
    ("TypeError", r"(len\(\) of|iteration over) a 0-d tensor", "A tensor has lost its axes here: a squeeze that names no axis "
     "takes away every axis of size 1."),
    ("TypeError", r"missing \d+ required|positional arguments? but|unexpected keyword", "A function is called with more or fewer "
     "arguments than it takes. Compare the call with its first line; the first lines of the course's own stay as given."),
    ("ValueError", r"^its parameters are |^its \w+ has shape", "The parameters are given in `__init__`: keep their names and "
     "shapes, and write the computation with them."),
    ("IndexError", r"out of bounds for dimension", "An index runs off the end of its axis. Print the shape: is it the axis "
     "you mean, and does it hold so many entries?"),
    ("AttributeError", r"'(tuple|list)' object", "A pair or a list is used as if it were one tensor. A model's state may be a "
     "pair: hand it on as it came."),
    ("AttributeError", r"'NoneType' object has no attribute '(mul_|div_|clamp_|norm|square|pow)'$", NO_GRADIENT),
    ("TypeError", r"\*\* or pow\(\): 'NoneType'", NO_GRADIENT),
    ("AttributeError", r"'NoneType'", NONE),
    ("TypeError", r"'NoneType'", NONE),
    ("TypeError", r"not iterable|cannot unpack|can't unpack", "A result is taken apart that has another number of parts."),
    ("AttributeError", r"has no attribute", "There is nothing of that name here: is it misspelt, or called something else where "
     "it is made?"),
    ("NameError", r"name '(weight_\w+|bias_\w+|hidden_size|input_size|cell)'", "That belongs to the object. Inside a method it "
     "is reached through self."),
    ("NameError", r"is not defined", "A name is used that is not defined here: is it misspelt, or an import missing? "
     "(Of a notebook, cells marked as experiments are not run for a grade.)"),
    ("ModuleNotFoundError", r".", "There is no such module here: is its name misspelt? Torch and the standard library "
     "are enough."),
    ("TabError", r".", "Tabs and spaces are mixed: indent with four spaces a level."),
    ("SyntaxError", r"outside (of )?(a )?(function|loop)", "This line stands outside of what it belongs to: indent it as the "
     "lines before it are."),
    ("IndentationError", r".", "Check the indentation of this line and the one before it: four spaces a level."),
    ("SyntaxError", r"from __future__ imports must occur",
     "The line `from __future__ import annotations` has to come before all others: put your own imports below it."),
    ("SyntaxError", r".", "Python can't read this line or the one before it: look for an unclosed bracket or a missing colon."),
)  # fmt: skip


def hint_for_failure(failure: Failure) -> str:
    """What an exception of this type and message usually means, or ""."""
    for kind, pattern, hint in USUAL:
        if failure.kind == kind and re.search(pattern, failure.message):
            return hint
    return ""
