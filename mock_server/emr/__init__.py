"""The mock in tests of an EMR's client: pytest fixtures over a real socket or over none, and a container.

Nothing here is imported by the server. The extra `emr` brings what it needs.
"""
