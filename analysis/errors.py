"""What a person can act on.

    UserError                 one clear message, exit code 2, no traceback
    └── RecordsError          a results folder that can't be read or written, exit code 3

`trainers.errors` and `tuneful.errors` draw their branches of the same tree.
"""


class UserError(Exception):
    """A mistake the user can mend; the message says what, where and how."""

    exit_code = 2


class RecordsError(UserError):
    """Results that can't be read or written: a torn file, a full disk, a folder in use."""

    exit_code = 3
