"""The one place that picks concrete parts and joins them into a running okrbridge."""
