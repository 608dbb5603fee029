def open_forget_gate_(cell, bias):
    size = len(cell.bias_ih) // 4
    with torch.no_grad():
        cell.bias_hh[size : 2 * size].copy_(bias - cell.bias_ih[size : 2 * size])
