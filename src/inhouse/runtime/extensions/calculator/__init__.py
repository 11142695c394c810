"""Sums, units, money and dates as an extension."""
