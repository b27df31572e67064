"""The trainers' branch of the error tree (its root is `analysis.errors.UserError`, exit code 2).

UserError
├── SpecError             a field of a configuration: its name, value, rule and place
├── DataError             a table, catalogue or recording
├── DeviceError           a device that was asked for and isn't there
└── CheckpointError       a checkpoint that doesn't fit the run
"""

from analysis.errors import UserError


class SpecError(UserError):
    """A configuration that can't be run; says the field, the value, the rule and where it stands."""


class DataError(UserError):
    """A table, a catalogue or a recording that can't be used."""


class DeviceError(UserError):
    """A device was asked for that this machine hasn't got."""


class CheckpointError(UserError):
    """A checkpoint of another model, other classes or another format."""
