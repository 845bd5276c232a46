"""Audio that comes over a socket while it is spoken, kept as a file that grows."""
