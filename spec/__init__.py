"""The protocol as data, and the only code that reads it."""
