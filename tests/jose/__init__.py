"""Tokens, good and bad, before our verifier and before the JOSE libraries of others."""
