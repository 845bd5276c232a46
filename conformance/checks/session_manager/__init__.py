"""Checks of the session manager's requirements."""
