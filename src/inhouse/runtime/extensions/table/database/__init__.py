"""A table in the owner's own database, read where it is."""
