"""What the notebooks share: data, device, plots, training loop, stand-ins. Students read it and need not change it."""
