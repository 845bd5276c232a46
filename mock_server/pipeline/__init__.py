"""Durable work: transcribe, extract, finish; what was acknowledged reaches its end state by itself."""
