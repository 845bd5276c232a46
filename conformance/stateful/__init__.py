"""Drivers fed by lifecycle.yaml: the walk along its edges, and the state machine."""
