"""The ledger: what every extension is worth, what it costs, and whether its answers hold. See ``docs/design/ledger.md``."""
