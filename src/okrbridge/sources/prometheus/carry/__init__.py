"""Counting by carrying: the levels of all series are read, kept, and subtracted in the process."""
