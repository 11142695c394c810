"""An owner's own table as an extension."""
