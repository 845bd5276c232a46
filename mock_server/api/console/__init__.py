"""The console: pages for a person, which ask the control plane and the profiles with a key as any client does.

Not in spec: the text has no console.
"""
