"""Decisions: values in, values out. No I/O and no clock; time arrives as an argument."""
