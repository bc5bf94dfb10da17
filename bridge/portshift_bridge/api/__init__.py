"""HTTP handlers: parse, call core or store, answer."""
