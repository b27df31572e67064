"""What recordings hold as sound: levels, clipping, silence, bandwidth; measured once, kept by content.

Nothing is imported here: the processes that measure need no torch.
"""
