"""What students see of the checks of tasks 2.5 to 2.7: gradients on their way back, their clipping, the loss around a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from grader.checks.kit import agree, answer, check, expect, no_effects, piece
from grader.engine.values import Array, Seen

DOUBLE = torch.float64
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def array(tensor: torch.Tensor) -> Seen:
    """A tensor of the judge's as something seen."""
    return Seen(Array(tensor, tuple(tensor.shape), str(tensor.dtype), "cpu"))


def weights_of(draw, kind: str, features: int, hidden: int, dtype: torch.dtype = torch.float32) -> dict:
    """Weights for one of torch's cells."""
    rows = GATES[kind] * hidden
    shapes = {"weight_ih": (rows, features), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    return draw.weights(shapes, dtype)


def note(student, *values: float) -> None:
    """What the judge found goes into what was seen, so that the same mistake looks the same whatever was drawn."""
    student.call("props.noted", torch.tensor(values))


def still_require_gradients(student, parameters: dict) -> None:
    """None of the parameters was frozen on the way."""
    frozen = [name for name, part in parameters.items() if isinstance(part, Array) and not part.requires_grad]
    note(student, len(frozen))
    expect(not frozen, f"{', '.join(frozen)} no longer requires a gradient afterwards; leave that as it was")


# 2.5 gradient_norms


def norms(impl, kind: str, weights: dict, x, device: str | None = None) -> Seen:
    """What gradient_norms gives for one of torch's cells with these weights."""
    hidden, features = weights["weight_hh"].shape[1], weights["weight_ih"].shape[1]
    cell = impl.new("props.cell", kind, features, hidden, weights=weights, device=device)
    return impl.call("gradient_norms", cell, x, device=device)


def norms_agree(student, reference, kind: str, weights: dict, x, what: str = "the result") -> None:
    agree(*(norms(impl, kind, weights, x) for impl in (student, reference)), what, axes=("time",))


@check("2.5")
def test_norms_of_an_rnn(student, reference, draw):
    """For a plain cell, entry t − 1 is the norm of the gradient of outputs[:, -1].sum() with respect to h_t."""
    norms_agree(student, reference, "rnn", weights_of(draw, "rnn", 3, 5), draw.given("x", 4, 6, 3))


@check("2.5")
def test_norms_of_a_gru(student, reference, draw):
    """The same for a GRU, where the gradient has several ways back from each step to the one before."""
    norms_agree(student, reference, "gru", weights_of(draw, "gru", 2, 4), draw.given("x", 3, 7, 2))


@check("2.5")
def test_norms_of_an_lstm(student, reference, draw):
    """For an LSTM, whose state is the pair (h, c), the gradient is the one with respect to h_t, with c_t held fixed."""
    norms_agree(student, reference, "lstm", weights_of(draw, "lstm", 3, 4), draw.given("x", 2, 6, 3))


@check("2.5")
def test_norms_of_the_shortest_sequence(student, reference, draw):
    """A sequence of one step gives one entry, √(N·H); one sequence with one feature and one unit works."""
    for kind, sizes in (("rnn", (3, 1, 2, 4)), ("lstm", (1, 1, 1, 1)), ("gru", (1, 3, 1, 1))):
        batch, length, features, hidden = sizes
        weights, x = weights_of(draw, kind, features, hidden), draw.given("x", batch, length, features)
        norms_agree(student, reference, kind, weights, x, f"the result for N = {batch}, L = {length}, H = {hidden}")


@check("2.5")
def test_norms_in_double(student, reference, draw):
    """Norms in double precision are exact to it and stay in it, whatever the memory layout of x."""
    x = draw.given("x", 3, 9, 2, dtype=DOUBLE, strided=True)
    norms_agree(student, reference, "gru", weights_of(draw, "gru", 2, 5, DOUBLE), x)


@check("2.5", value=False)
def test_norms_leave_things_alone(student, reference, draw):
    """The parameters, their .grad and x stay as they were, and no random numbers are drawn."""
    weights, x = weights_of(draw, "rnn", 3, 4), draw.given("x", 2, 5, 3)
    cell = student.new("props.cell", "rnn", 3, 4, weights=weights)
    no_effects(student.call("gradient_norms", cell, x))
    student.call("props.fill_gradients", cell)
    no_effects(student.call("gradient_norms", cell, x))
    kept = answer(cell.parameters(), dict, "the dict of parameters")
    still_require_gradients(student, kept)


@check("2.5", value=False)
def test_norms_hold_no_graph(student, reference, draw):
    """No graph hangs on the result."""
    seen = norms(student, "rnn", weights_of(draw, "rnn", 2, 3), draw.given("x", 2, 4, 2))
    made = answer(seen, Array, "the result")
    note(student, made.requires_grad)
    expect(not made.requires_grad, "a graph hangs on the result: detach it, or leave create_graph out")


# 2.6 clip_gradient_norm_

SHAPES = ((5, 3), (4,), (3, 1, 5))
PLACES = ("first", "second", "third")


def parameters_of(impl, values: list, gradients: list, device: str | None = None):
    return impl.new("props.parameters_with_gradients", values, gradients, device=device)


def total_of(impl, parameters, max_norm: float) -> Seen:
    """What clip_gradient_norm_ gives, as Python's float: a tensor without axes, a number of NumPy's and a float will do."""
    return impl.call("props.number", impl.new("clip_gradient_norm_", parameters, max_norm))


def clipped(impl, values: list, gradients: list, max_norm: float, given: Callable | None = None) -> tuple[Seen, Seen]:
    """The total, and the gradients afterwards; `given` makes of the parameters what the function is called with."""
    parameters = parameters_of(impl, values, gradients)
    total = total_of(impl, given(impl, parameters) if given else parameters, max_norm)
    return total, impl.call("props.gradients_of", parameters)


def drawn(draw, scale: float = 1.0, dtype: torch.dtype = torch.float32, shapes=SHAPES) -> tuple[list, list]:
    """Values and gradients of some parameters."""
    values = [draw.normal(*shape, dtype=dtype) for shape in shapes]
    return values, [scale * draw.normal(*shape, dtype=dtype) for shape in shapes]


def gradient_lists_agree(got: Seen, want: Seen, after: str = "", what: str = "gradient") -> None:
    """The lists of gradients agree, one by one."""
    agree(got, want, "the list of gradients", tuple(f"the {place} {what}{after}" for place in PLACES))


def gradients_clipped(student, reference, *args, after: str = "") -> None:
    """Both leave the same gradients behind."""
    gradient_lists_agree(*(clipped(impl, *args)[1] for impl in (student, reference)), after)


def in_one_pass(impl, parameters):
    return impl.new("props.one_by_one", parameters)


def the_second(impl, parameters):
    return impl.new("props.item", parameters, 1)


@check("2.6")
def test_total_before_clipping(student, reference, draw):
    """What comes back is the norm of all gradients together, from before the clipping."""
    values, gradients = drawn(draw)
    for max_norm, when in ((100.0, "where nothing is clipped, the total"), (0.5, "where they are clipped, the total")):
        got, want = (clipped(impl, values, gradients, max_norm)[0] for impl in (student, reference))
        agree(got, want, when)


@check("2.6")
def test_long_gradients_are_scaled_together(student, reference, draw):
    """Gradients whose joint norm is above max_norm are all multiplied by the same factor, down to max_norm."""
    values, gradients = drawn(draw, 3.0)
    gradients_clipped(student, reference, values, gradients, 2.0, after=" after clipping to 2")


@check("2.6")
def test_short_gradients_stay(student, reference, draw):
    """Of the same gradients those below max_norm stay as they are, zeros stay zeros, and only longer ones change."""
    values, gradients = drawn(draw)
    gradients_clipped(student, reference, values, gradients, 50.0, after=" after clipping to 50")
    zeros = [torch.zeros_like(value) for value in values]
    gradients_clipped(student, reference, values, zeros, 1.0, after=" of zeros after clipping to 1")
    gradients_clipped(student, reference, values, gradients, 1.0, after=" after clipping to 1")  # nor is this by doing nothing


@check("2.6")
def test_parameters_without_a_gradient_are_skipped(student, reference, draw):
    """A parameter whose .grad is None is skipped and stays without one; where none has a gradient, the total is 0."""
    values, gradients = drawn(draw, 3.0)
    some = [None, gradients[1], None]
    got, want = (clipped(impl, values, some, 1.0) for impl in (student, reference))
    gradient_lists_agree(got[1], want[1])
    agree(got[0], want[0], "the total")
    for parameters, when in ((values, "where no parameter has a gradient"), ([], "where there are no parameters")):
        got, want = (clipped(impl, parameters, [None] * len(parameters), 1.0)[0] for impl in (student, reference))
        agree(got, want, f"{when}, the total")


@check("2.6")
def test_clipping_what_a_generator_gives(student, reference, draw):
    """The parameters may come from a generator, such as model.parameters(), which is gone after one pass."""
    values, gradients = drawn(draw, 3.0)
    got, want = (clipped(impl, values, gradients, 1.5, in_one_pass) for impl in (student, reference))
    agree(got[0], want[0], "the total")
    gradient_lists_agree(got[1], want[1])


@check("2.6")
def test_clipping_one_tensor(student, reference, draw):
    """A single tensor is taken as a list of one."""
    values, gradients = drawn(draw, 3.0)
    got, want = (clipped(impl, values, gradients, 1.5, the_second) for impl in (student, reference))
    agree(got[0], want[0], "the total")
    gradient_lists_agree(got[1], want[1])


@check("2.6")
def test_clipping_in_double(student, reference, draw):
    """Gradients in double precision are clipped in it; where they are short, the 1e-6 below the line shows."""
    values, gradients = drawn(draw, 400.0, DOUBLE)  # a total in single precision is as good
    left = []
    for impl in (student, reference):
        parameters = parameters_of(impl, values, gradients)
        total_of(impl, parameters, 3.0)
        left.append(impl.call("props.gradients_in_single", parameters))
    for place, name in enumerate(PLACES):
        agree(*(piece(seen, place, 0) for seen in left), f"the type of the {name} gradient")
        agree(*(piece(seen, place, 1) for seen in left), f"the {name} gradient")
    values, gradients = drawn(draw, 1e-3, DOUBLE)
    gradients_clipped(student, reference, values, gradients, 2e-3, after=" after clipping to 0.002")


@check("2.6", value=False)
def test_gradients_are_clipped_in_place(student, reference, draw):
    """The gradients are scaled in place: whoever holds one of these tensors sees it get shorter."""
    values, gradients = drawn(draw, 3.0)
    held = []
    for impl in (student, reference):
        parameters = parameters_of(impl, values, gradients)
        before = impl.new("props.gradients_of", parameters)
        total_of(impl, parameters, 1.0)
        held.append(impl.call("props.noted", before))
    gradient_lists_agree(*held, what=".grad from before the call")


@check("2.6", value=False)
def test_clipping_leaves_things_alone(student, reference, draw):
    """The parameters themselves stay as they were, and no random numbers are drawn."""
    values, gradients = drawn(draw, 3.0)
    got, want = (parameters_of(impl, values, gradients) for impl in (student, reference))
    no_effects(student.call("clip_gradient_norm_", got, 1.0))
    agree(*(impl.call("props.noted", made) for impl, made in ((student, got), (reference, want))), "the parameters")


# 2.7 loss_surface


@dataclass
class Walk:
    """One call of loss_surface: what came back, the model, and where its parameters stood whenever loss_fn was called.

    The loss at θ itself is −1. Everywhere else it is how many other points were seen before, so that an entry of the
    surface says where it was measured, whatever the order of the calls and however many there are at θ.
    """

    seen: Seen
    model: object
    theta: torch.Tensor
    points: list[torch.Tensor]
    steps: int
    radius: float

    def grid(self) -> torch.Tensor:
        """(steps, steps, parameters): where each entry of the surface was measured, less θ."""
        surface = answer(self.seen, Array, "the surface")
        shape = (self.steps, self.steps)
        expect(surface.shape == shape, f"the surface has shape {surface.shape}, expected {shape}")
        numbers = surface.data.double().flatten().tolist()
        strange = [place for place, number in enumerate(numbers) if number not in range(-1, len(self.points))]
        if strange:
            row, column = divmod(strange[0], self.steps)
            expect(False, f"the surface is {numbers[strange[0]]:.6g} at [{row}, {column}], which loss_fn never gave")
        everywhere = torch.stack([*self.points, self.theta])  # −1 is the last
        expect(bool(everywhere.isfinite().all()), "loss_fn is called with parameters that are not finite numbers")
        return everywhere[[int(number) for number in numbers]].unflatten(0, shape) - self.theta

    def directions(self) -> torch.Tensor:
        """(2, parameters): d1 and d2, as the edges of the surface tell them."""
        grid = self.grid()
        return torch.stack([grid[-1, 0] - grid[0, 0], grid[0, -1] - grid[0, 0]]) / (2 * self.radius)

    def places(self) -> torch.Tensor:
        """(2, steps, steps): a and b of each entry, in the directions that its edges tell; NaN where it is off the plane."""
        grid, directions = self.grid(), self.directions()
        places = grid @ torch.linalg.pinv(directions, rtol=1e-4)
        apart = (grid - places @ directions).norm(dim=2) > 1e-3 * (self.theta.norm() + grid.norm(dim=2).max())
        return places.masked_fill(apart[..., None], math.nan).movedim(2, 0).float()

    def pieces(self, name: str, weights: dict) -> torch.Tensor:
        """(2, …): the part of d1 and d2 that belongs to one parameter."""
        start = sum(value.numel() for value in list(weights.values())[: list(weights).index(name)])
        value = weights[name]
        return self.directions()[:, start : start + value.numel()].unflatten(1, value.shape)


def flat(values: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([value.double().flatten() for value in values.values()])


def shapes_of(weights: dict) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items()}


def filters(student, weights: dict, device: str | None = None):
    """A model with these parameters, and nothing else."""
    return student.new("props.Filters", shapes_of(weights), weights=weights, device=device)


def walk(student, weights: dict, radius: float = 1.0, steps: int = 2, generator=0) -> Walk:
    """Ask for the surface around a model with these parameters; the generator comes made, or as its seed."""
    model, shapes = filters(student, weights), shapes_of(weights)
    generator = student.new("props.generator", generator) if isinstance(generator, int) else generator
    theta, points, dtype = flat(weights), [], next(iter(weights.values())).dtype

    def loss(*args) -> torch.Tensor:
        points_here = stood(args, shapes)
        if torch.equal(points_here, theta):
            return torch.tensor(-1.0, dtype=dtype)
        points.append(points_here)
        return torch.tensor(len(points) - 1.0, dtype=dtype)

    seen = student.call("loss_surface", model, loss, radius, steps, generator)
    return Walk(seen, model, theta, points, steps, radius)


def stood(args: tuple, shapes: dict) -> torch.Tensor:
    """Where the parameters of the model stand that loss_fn was called with, as one row."""
    found = args[0] if len(args) == 1 and isinstance(args[0], dict) else {}
    arrays = [found.get(name) for name in shapes]
    if not all(isinstance(array, Array) and array.data is not None for array in arrays) or any(
        array.shape != shape for array, shape in zip(arrays, shapes.values(), strict=True)
    ):
        raise RuntimeError("loss_fn takes one argument, the model, with parameters of the shapes that they had")
    return flat({name: found[name].data for name in shapes})


def settled(ratios: torch.Tensor) -> float:
    """The one number that all these are, or −1: what is left to the draws is not the same twice."""
    first = float(ratios.flatten()[0])
    return round(first, 3) if torch.allclose(ratios, torch.full_like(ratios, first), rtol=1e-3) else -1.0


def lengths(tensor: torch.Tensor, first: int) -> torch.Tensor:
    """The norms over all axes from `first` on."""
    return tensor.flatten(first).norm(dim=-1) if tensor.dim() > first else tensor.abs()


def finer(d: torch.Tensor, theta: torch.Tensor) -> list[float]:
    """By what parts of rows were scaled, down to single entries, where that is no matter of chance."""
    levels = range(2, theta.dim() + 1) if theta.dim() > 1 else (1,)
    inner = range(1, theta.dim() - 1)  # along one axis that is not the last
    return [settled(lengths(d, level + 1) / lengths(theta.double(), level)) for level in levels] + [
        settled(d.norm(dim=axis + 1) / theta.double().norm(dim=axis)) for axis in inner
    ]


def note_scales(student, found: Walk, weights: dict) -> None:
    """By what the directions were scaled: each norm, as a multiple of θ's own, where it is no matter of chance."""
    ratios = []
    for name, theta in weights.items():
        d = found.pieces(name, weights)
        ratios += [settled(lengths(d, 2) / lengths(theta.double(), 1)), settled(lengths(d, 2)),
                   settled(lengths(d, 1) / theta.double().norm()), settled(lengths(d, 1)),
                   settled(lengths(d.movedim(-1, 1), 2) / lengths(theta.double().movedim(-1, 0), 1)),
                   *finer(d, theta)]  # fmt: skip
        right = lengths(theta.double(), 1)
        ratios += [torch.allclose(lengths(way, 1), right, rtol=1e-3, atol=1e-6) for way in d]
    whole = found.directions().norm(dim=1)
    ratios += [settled(whole / found.theta.norm()), settled(whole)]
    note(student, *ratios)


def scaled_as_wholes(found: Walk, weights: dict, name: str) -> None:
    """Nothing smaller than a row was scaled by itself."""
    parts = f"each row of {name}" if weights[name].dim() > 1 else name
    expect(1.0 not in finer(found.pieces(name, weights), weights[name]),
           f"inside {parts} the directions are as large as θ, part by part: one factor belongs to the whole of it")  # fmt: skip


def norms_of_rows_agree(found: Walk, weights: dict, name: str) -> None:
    """Each row of this parameter has the norm of the same row of θ, in d1 as in d2."""
    want = array(lengths(weights[name].double(), 1).float())
    for number, d in enumerate(found.pieces(name, weights), start=1):
        agree(array(lengths(d, 1).float()), want, f"the norm of each row of {name} in d{number}", axes=("row",))


def model_weights(draw, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """The parameters of a small layer, whose rows and columns differ in length."""
    weights = {"weight": draw.normal(4, 3, dtype=dtype), "bias": draw.normal(4, dtype=dtype)}
    weights["weight"] *= torch.tensor([[0.5], [1.0], [2.0], [3.0]], dtype=dtype)
    return weights


def line(radius: float, steps: int) -> torch.Tensor:
    """(2, steps, steps): a and b of every entry."""
    ends = torch.linspace(-radius, radius, steps)
    return torch.stack(torch.meshgrid(ends, ends, indexing="ij"))


def places_agree(student, found: Walk) -> None:
    """Each entry lies where it should, in the two directions that the edges of the surface tell."""
    wanted = line(found.radius, found.steps)
    moved = [bool(d.norm() > 0) for d in found.directions()]
    note(student, *moved)
    for axis, moves in enumerate(moved):
        expect(moves, f"along axis {axis} of the surface the parameters don't move")
    exactly = wanted.double().movedim(0, 2) @ found.directions()
    right = torch.allclose(found.grid(), exactly, rtol=0, atol=1e-5 * float(1 + found.theta.abs().max()))
    places = wanted if right else found.places()
    note(student, *places.nan_to_num(9.0).flatten().tolist())
    for name, got, want in zip("ab", places, wanted, strict=True):
        agree(array(got.contiguous()), array(want.contiguous()), f"{name} of each entry")


@check("2.7")
def test_surface_lies_on_a_grid(student, reference, draw):
    """Entry [i, j] is the loss at θ + a_i d1 + b_j d2, with a and b evenly spaced from −radius to radius."""
    places_agree(student, walk(student, model_weights(draw), 0.5, 5))


@check("2.7")
def test_surface_with_an_even_number_of_steps(student, reference, draw):
    """Two steps are the least, and with an even number of them no point lies at θ itself."""
    for steps in (2, 4):
        places_agree(student, walk(student, model_weights(draw), 2.0, steps))


@check("2.7")
def test_rows_have_their_norms(student, reference, draw):
    """Each row of a direction is as long as the same row of θ."""
    weights = model_weights(draw)
    found = walk(student, weights, 0.5)
    note_scales(student, found, weights)
    norms_of_rows_agree(found, weights, "weight")
    scaled_as_wholes(found, weights, "weight")


@check("2.7")
def test_a_bias_is_scaled_as_a_whole(student, reference, draw):
    """A parameter with one axis is scaled as a whole, to the norm of all of it."""
    weights = model_weights(draw)
    found = walk(student, weights, 0.5)
    note_scales(student, found, weights)
    for number, d in enumerate(found.pieces("bias", weights), start=1):
        agree(array(d.norm().float()), array(weights["bias"].norm()), f"the norm of the bias in d{number}")
    scaled_as_wholes(found, weights, "bias")


@check("2.7")
def test_filters_with_several_axes(student, reference, draw):
    """Of a parameter with three axes, what lies at one index of the first axis is one row."""
    weights = {"kernel": torch.tensor([0.5, 1.0, 3.0])[:, None, None] * draw.normal(3, 2, 4)}
    found = walk(student, weights, 0.5)
    note_scales(student, found, weights)
    norms_of_rows_agree(found, weights, "kernel")
    scaled_as_wholes(found, weights, "kernel")


@check("2.7")
def test_middle_is_the_loss_of_the_model(student, reference, draw):
    """With an odd number of steps the entry in the middle is the loss of the model as it is."""
    weights = model_weights(draw)
    model, loss = filters(student, weights), student.new("props.squares")
    surface = student.new("loss_surface", model, loss, 0.5, 3, student.new("props.generator", 2))
    want = array(flat(weights).square().sum().float())
    agree(student.call("props.item", surface, (1, 1)), want, "the entry in the middle")


@check("2.7")
def test_two_directions(student, reference, draw):
    """The two directions are drawn independently of each other: at random they are nearly at right angles."""
    found = walk(student, {"weight": draw.normal(20, 30), "bias": draw.normal(40)})
    d1, d2 = found.directions()
    expect(min(float(d.norm()) for d in (d1, d2)) > 0, "along one of its axes the parameters don't move")
    cosine = float(d1 @ d2 / (d1.norm() * d2.norm()))
    with_theta = float(torch.corrcoef(torch.stack([d1.abs(), found.theta.abs()]))[0, 1])  # a draw knows nothing of θ
    note(student, round(cosine) if abs(cosine) > 0.99 or abs(cosine) < 0.3 else 0.5, with_theta > 0.3)
    expect(abs(cosine) < 0.3, f"the cosine of the angle between d1 and d2 is {cosine:.2f}: with 640 numbers drawn for each "
           "it should be near 0")  # fmt: skip


@check("2.7")
def test_surface_in_double(student, reference, draw):
    """Around a model in double precision the surface is in double precision, and its points are as exact."""
    weights = model_weights(draw, DOUBLE)
    found = walk(student, weights, 0.5, 3)
    grid = found.grid()
    dtype = found.seen.value.dtype.removeprefix("torch.")
    expect(dtype == "float64", f"the surface has dtype {dtype}, expected float64, that of the parameters")
    across = grid[0, 0] + grid[2, 2] - grid[0, 2] - grid[2, 0]  # zero, but for rounding
    apart = float(across.abs().max())
    expect(
        apart < 1e-9, f"four points of the plane are {apart:.2g} off it: somewhere the parameters pass through float32"
    )


@check("2.7", value=False)
def test_directions_are_normal(student, reference, draw):
    """The directions are drawn from a normal distribution: as many entries are above 0 as below, and some are large."""
    weights = {"weight": torch.ones(60, 100)}
    found = walk(student, weights)
    for number, d in enumerate(found.pieces("weight", weights), start=1):
        size = d.square().mean()
        above, peak = float((d > 0).double().mean()), float(d.pow(4).mean() / size**2)
        note(student, round(above), bool(2.4 < peak < 3.6), bool(0.4 < above < 0.6))
        expect(0.4 < above < 0.6, f"{above:.0%} of d{number}'s entries are above 0, expected about a half")
        expect(2.4 < peak < 3.6, f"the mean fourth power of d{number}'s entries is {peak:.2f} times their mean square "
               "squared: of normal draws that is about 3, of uniform ones 1.8")  # fmt: skip


@check("2.7", value=False)
def test_directions_come_from_the_generator(student, reference, draw):
    """The generator is the only source of chance: in the same state it gives the same plane, in another one another plane."""
    weights, generator = model_weights(draw), student.new("props.generator", 5)
    walks = [walk(student, weights, generator=source) for source in (generator, 5, 6, generator)]
    first, again, other, later = (found.directions() for found in walks)
    alike = [torch.allclose(first, way, rtol=1e-5) for way in (again, other, later)]
    note(student, *alike)
    expect(alike[0], "two generators with the same seed gave different directions")
    expect(not alike[1], "generators with different seeds gave the same directions")
    expect(not alike[2], "a second call with the same generator gave the same directions: it should go on drawing")
    for found in walks:
        no_effects(Seen(effects=[effect for effect in found.seen.effects if effect.startswith("random")]))


@check("2.7", value=False)
def test_model_is_put_back(student, reference, draw):
    """Afterwards the parameters are bit for bit as before, and so are their .grad and the mode."""
    weights = {"weight": draw.normal(30, 20), "bias": draw.normal(30)}
    found = walk(student, weights, 0.7, 3)
    no_effects(found.seen)
    put_back(student, found, weights)
    student.call("props.fill_gradients", found.model)
    generator = student.new("props.generator", 1)
    no_effects(student.call("loss_surface", found.model, lambda *args: torch.tensor(0.5), 0.7, 3, generator))


def put_back(student, found: Walk, weights: dict) -> None:
    """The model holds exactly these parameters, and they want gradients as they did."""
    after = answer(found.model.parameters(), dict, "the dict of parameters")
    expect(after.keys() == weights.keys(), f"the model has the parameters {sorted(after)} afterwards")
    for name, value in weights.items():
        same = isinstance(after[name], Array) and after[name].data is not None and torch.equal(after[name].data, value)
        note(student, same)
        expect(same, f"{name} is not bit for bit what it was before the call")
    still_require_gradients(student, after)


@check("2.7", value=False)
def test_model_is_put_back_when_the_loss_raises(student, reference, draw):
    """Where loss_fn raises an exception, the parameters are put back all the same."""
    weights = model_weights(draw)
    model = filters(student, weights)
    calls = []

    def loss(*args):
        calls.append(args)
        if len(calls) > 2:
            raise RuntimeError("no loss here")
        return torch.tensor(0.0)

    seen = student.call("loss_surface", model, loss, 0.7, 3, student.new("props.generator", 1))
    if len(calls) < 3:
        agree(seen, Seen(seen.value), "the surface")
    expect(len(calls) > 2, f"loss_fn was called {len(calls)} times for 9 points")
    put_back(student, Walk(seen, model, flat(weights), [], 3, 0.7), weights)


@check("2.7", value=False)
def test_surface_holds_no_graph(student, reference, draw):
    """No graph hangs on the surface: the losses of all points would keep theirs alive."""
    weights = model_weights(draw)
    model = filters(student, weights)
    generator = student.new("props.generator", 1)
    surface = student.new("loss_surface", model, student.new("props.squares"), 0.5, 3, generator)
    graph = answer(student.call("props.has_graph", surface), bool, "the answer")
    expect(not graph, "a graph hangs on the surface: measure the losses under torch.no_grad()")
