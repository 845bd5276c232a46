"""Checks of realtime sessions that are kept."""
