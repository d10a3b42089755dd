"""The life of some Gateways on an API server in this process: ``python -m examples.demo``."""
