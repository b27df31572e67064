"""Getting a catalogue's recordings into the store: on this machine's cores or a Ray cluster's."""
