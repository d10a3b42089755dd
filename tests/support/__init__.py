"""What several test rooms share: real servers on loopback and checks against published schemas."""
