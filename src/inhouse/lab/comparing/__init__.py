"""Giant or small: models on the same questions, what each costs, and whether asking the small one first pays."""
