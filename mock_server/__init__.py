"""The reference scribe server: it knows the spec and never the kit."""
