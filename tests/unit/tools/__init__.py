"""The scripts of tools/, as far as they decide something."""
