"""Generations as people see them: their family, their model cards, and what others take along."""
