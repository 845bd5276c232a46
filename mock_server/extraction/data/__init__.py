"""Word lists: drugs and findings as tab-separated text, and the script that exported them."""
