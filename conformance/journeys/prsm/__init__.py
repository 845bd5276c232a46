"""Ways through the PRSM Session API."""
