"""HashiCorp Vault: one session for all of it, secrets in its KV version 2."""
