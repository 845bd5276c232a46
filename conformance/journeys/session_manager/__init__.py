"""Ways through the session manager."""
