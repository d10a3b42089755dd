"""What a controller needs to run in a cluster: rights, an account, a workload. Pure."""
