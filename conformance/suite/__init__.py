"""The suite as pytest items: a file a chapter, an item a requirement."""
