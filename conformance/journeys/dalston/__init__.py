"""Journeys through realtime sessions that are kept."""
