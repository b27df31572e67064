"""Losses on float targets, reduced per sample."""
