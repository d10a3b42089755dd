"""Inference pools: the place of the plugin that will deploy endpoint pickers. Nothing is here yet."""
