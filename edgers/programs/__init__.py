"""How the graphs of a bundle are called: loops and choices in Python, heavy work in the graphs."""

from edgers.programs.load import load_program
from edgers.programs.program import ORIGIN, Program, Spot

__all__ = ["ORIGIN", "Program", "Spot", "load_program"]
