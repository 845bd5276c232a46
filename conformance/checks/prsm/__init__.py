"""Chapters of the PRSM Session API."""
