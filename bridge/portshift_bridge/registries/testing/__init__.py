"""Test Connection: what is checked, how, and what a failure means."""
