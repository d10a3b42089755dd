"""What an API server refuses of each kind it knows by itself; one module for each family of kinds."""
