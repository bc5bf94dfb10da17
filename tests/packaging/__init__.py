"""What is shipped: the list of packages, the wheel, and the program installed from it."""
