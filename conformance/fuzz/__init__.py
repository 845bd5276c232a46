"""Drivers fed by openapi.yaml and the schemas: cases are drawn here and sent by `drive`."""
