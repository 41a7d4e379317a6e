"""Documents in files or text become checked definitions; every fault is named with its place."""
