"""Speed beside its references, measured in the same run (DESIGN §6)."""
