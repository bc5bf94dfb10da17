"""Connected Artifactories: the client, their management, and finding an image in them."""
