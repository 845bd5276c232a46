"""Research sessions (the PRSM Session API): what a face may ask for, and what becomes of it."""
