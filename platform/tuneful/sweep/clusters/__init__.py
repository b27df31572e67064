"""Ray, started or joined safely: what fits its nodes, where it is, what it says and holds."""
