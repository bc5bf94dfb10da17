"""Finding images in the connected registries: many at once, each with its own outcome."""
