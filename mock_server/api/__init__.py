"""The HTTP face: decode, ask the service, encode; it decides nothing about sessions."""
