"""A real etcd and a real API server on loopback, and Helm against them."""
