"""Live transcription over a socket, and what is kept of it: one conversation a socket, one row a session."""
