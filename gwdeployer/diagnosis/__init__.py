"""How owners are, and why: told from what is in a cluster, for people."""
