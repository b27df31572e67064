"""What runs in the processes that train: the runs of a trial, epoch by epoch, with one worker or several."""
