"""Files that leave the kit whole: they import nothing of it and work beside other people's code."""
