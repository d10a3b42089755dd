"""A long life of a controller, made of random days: it must end consistent, and with flat memory.

A day is some spells of trouble and an evening. In a spell, people change whatever they like while the server
misbehaves and replicas are killed; then it becomes quiet, and all must be as a fresh controller would have
it. In the evening everything is deleted: what is left over, in the cluster or in memory, should not be.
"""
