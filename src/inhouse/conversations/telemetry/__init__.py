"""Telling a collector of every turn: OpenTelemetry, where the operator wants it."""
