"""What a plan costs, and what the same objects cost through Helm's own engine."""
