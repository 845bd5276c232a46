"""How fast and how big: every figure is a ratio to a floor measured in the same run, or a bound on a size."""
