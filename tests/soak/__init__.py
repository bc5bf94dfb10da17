"""The long runs of ``make soak``."""
