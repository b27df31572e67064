"""tuneful's branch of the error tree (its root is `analysis.errors.UserError`, exit code 2).

UserError
├── SpecError, DataError, DeviceError, CheckpointError      trainers.errors
├── CheckError            a preflight check found what would spoil the result
├── ResourceError         more workers, CPUs or GPUs than there are
├── SimulationError       what is to be simulated can't be replayed on what was recorded
└── RecordsError          exit code 3, analysis.errors
    └── SweepInUseError        another process works on the sweep
"""

from analysis.errors import RecordsError, UserError


class CheckError(UserError):
    """A preflight check found a mistake that would spoil the result, and nobody allowed it."""


class ResourceError(UserError):
    """A trial that fits on no node of the cluster: without this error it would wait for ever."""


class SimulationError(UserError):
    """A search that can't be replayed on what was recorded."""


class SweepInUseError(RecordsError):
    """Another process is working on the sweep."""
