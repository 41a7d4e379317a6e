"""The life of a cycle: phases, reports, closing with scores, and what becomes of them."""
