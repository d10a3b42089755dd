"""Tests that hand bootstraps to a real Envoy."""
