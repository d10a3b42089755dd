"""Statuses of Gateways and ListenerSets: pure functions from objects to what is to be said of them."""
