"""Preflight checks: what would spoil a result, said before any compute is spent."""
