"""What an operator sees of a server by numbers: counted where it happens, put together when somebody asks.

Nothing in here knows a framework or what a client wrote; names that it does not know count as `OTHER`.
"""
