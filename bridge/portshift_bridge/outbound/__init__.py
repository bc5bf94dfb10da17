"""Exchanges with neighbours over HTTP: bounded in time and size, never with an address that is off limits."""
