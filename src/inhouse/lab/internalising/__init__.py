"""Building a tool's use into the next generation, and measuring whether it deserves to stay there."""
