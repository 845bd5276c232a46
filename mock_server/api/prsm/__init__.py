"""The face of research sessions (PRSM): twelve operations, what a share's URL opens, and the document's error body."""
