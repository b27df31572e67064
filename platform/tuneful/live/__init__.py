"""What a person sees of sweeps while they run, from the driver's own events or from the records alone. No Ray."""
