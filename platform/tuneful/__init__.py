"""tuneful: orchestration of experiments. The command line, sweeps on Ray, results, reports."""

__version__ = "0.1.0"
