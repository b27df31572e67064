"""Simulated competitions: chorus by the dozen, a pool of runs in each, and what every rule of choosing gets there."""
