"""A sweep: the search on Ray, its ledger, its lock."""
