"""Inference pools."""
