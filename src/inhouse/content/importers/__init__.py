"""Everything that can be imported: one file a kind, and the factory that names them all."""
