"""EdgeRS: the onboard inference runtime for Earth observation."""

__version__ = "0.1.0"
