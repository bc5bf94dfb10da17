"""Reading and writing rendered manifests without changing what is not ours."""
