"""`platform doctor`: what works on this machine and what doesn't, by probes that look at one thing each."""
