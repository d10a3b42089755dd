"""The controller: caches, a queue, the loop that keeps owners deployed, and what it takes to operate it."""
