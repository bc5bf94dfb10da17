"""What the registries hold, kept up to date: by their events, a poller, and a daily comparison of paths."""
