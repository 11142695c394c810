"""Moving an installation from one generation of the base model to another."""
