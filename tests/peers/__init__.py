"""Small servers of the protocol that share no code with the mock: the strangers that the kit is pointed at."""
