"""The reasons behind the numbers of SLOs and key results."""
