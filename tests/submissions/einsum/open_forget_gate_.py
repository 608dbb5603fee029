def open_forget_gate_(cell, bias):
    for values, wanted in ((cell.bias_ih, 0.0), (cell.bias_hh, bias)):
        _, forget, _, _ = values.detach().view(4, -1)  # detached, and still the same memory
        forget.fill_(wanted)
