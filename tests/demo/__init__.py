"""``make demo``: the whole way on this machine, from a chart to verified manifests."""
