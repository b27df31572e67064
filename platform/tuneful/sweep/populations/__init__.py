"""Population based training: trials that take over from each other."""
