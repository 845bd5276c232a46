"""The control plane of a namespace: routers of FastAPI, served by the face as every other operation is.

Not in spec: the text has no control plane.
"""
