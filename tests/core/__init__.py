"""The core on its own: a small chart, strange owners, strangers' plugins."""
