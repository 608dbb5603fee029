"""The real data sets: fetched, checked and read.

`python -m toolkit.data fetch NAME` brings a set, `python -m toolkit.data status` says which are here, and the
readers (`load_temperatures`, `load_sunspots`, `load_imdb`) hand them to a notebook. `datasets/registry.toml` says
where each file comes from and how it is known to be right.
"""

from toolkit.data.errors import DataError
from toolkit.data.fetching import fetch
from toolkit.data.imdb import load_imdb
from toolkit.data.places import data_folder
from toolkit.data.readers import Series, load_sunspots, load_temperatures
from toolkit.data.registry import load_registry
from toolkit.data.reviews import Reviews
from toolkit.data.stock import Status, status

__all__ = [
    "DataError",
    "Reviews",
    "Series",
    "Status",
    "data_folder",
    "fetch",
    "load_imdb",
    "load_registry",
    "load_sunspots",
    "load_temperatures",
    "status",
]
