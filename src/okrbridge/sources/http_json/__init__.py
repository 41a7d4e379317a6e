"""Values from JSON documents over HTTP."""
