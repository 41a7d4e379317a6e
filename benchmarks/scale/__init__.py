"""What okrbridge costs at thousands of SLOs, beside what cannot be avoided and beside other engines."""
