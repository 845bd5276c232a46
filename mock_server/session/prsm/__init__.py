"""The core of research sessions: their lifecycle, values and steps."""
