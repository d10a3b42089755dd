"""The command line: previews, which need no cluster, and what compares with a cluster or changes it."""
