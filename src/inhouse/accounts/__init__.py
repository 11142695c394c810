"""People, teams, AIs, keys, what each may do, and the log of what they did."""
