"""The command line: ``gwdeployer render | values``."""
