"""Search spaces: the sweep file, its checks, sampling with conditions, drawing. Imports neither torch nor ray."""
