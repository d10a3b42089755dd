"""CustomResourceDefinitions made from models."""
