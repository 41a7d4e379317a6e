"""Use cases over ports: what okrbridge does, told without saying with which database or source."""
