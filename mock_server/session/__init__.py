"""The session core: a table, a step, frozen values; no framework, clock, chance or I/O."""
