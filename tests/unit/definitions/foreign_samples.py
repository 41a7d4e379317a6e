"""The documents of other tools that tests read, and short ways to load them."""

from pathlib import Path

from okrbridge.definitions.loader import Loaded, load, load_text
from okrbridge.domain.slo import Slo

DATA = Path(__file__).parents[2] / "data"
EVERY_FILE = sorted([*(DATA / "sloth").glob("*.yaml"), *(DATA / "pyrra").glob("*.yaml")])


def loaded_file(name: str) -> Loaded:
    """What a file under ``tests/data`` declares."""
    return load([DATA / name])


def slo_of(text: str) -> Slo:
    """The one SLO that a faultless text declares."""
    (slo,) = load_text(text, "a.yaml").definitions.slos
    return slo


def warnings_of(text: str) -> list[str]:
    """The warnings of a faultless text, as printed."""
    return [str(warning) for warning in load_text(text, "a.yaml").warnings]
