"""The conformance kit: it knows the spec and never the mock."""
