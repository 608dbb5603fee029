"""`python -m toolkit.data`."""

from toolkit.data.cli import app

if __name__ == "__main__":
    app(prog_name="python -m toolkit.data")
