"""What came and went, by namespace: kept in the store within bounds, and told as an HTTP Archive.

What is kept has no secrets in it when it comes here, and no audio.
"""
