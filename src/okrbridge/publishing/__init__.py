"""What okrbridge shows to monitoring systems."""
