"""What Redis may know of a server: nothing that is missed when it is gone.

`address.py` reads the URL, `client.py` is the one module that knows the library, `trial.py` tries a server out,
`mirror.py` writes what others may look at. Whoever has something to show gives a key and a function that tells what
stands there now: it is asked when there is somebody to tell, so nothing waits in memory while Redis is away.
"""
