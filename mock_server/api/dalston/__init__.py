"""Live sessions over a socket, and the requests about them below /v1/realtime."""
