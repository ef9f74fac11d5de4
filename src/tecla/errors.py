"""One root error and its few kinds.

Every message names the file or value at fault and the remedy, in one line: the command line prints it as it stands and
exits with code 2, the studio answers it as one 4xx.
"""


class TeclaError(Exception):
    """Anything a user can mend: bad input, a target that cannot be written, an option out of bounds."""


class InputError(TeclaError):
    """An input cannot be read, or holds nothing that tecla can use."""


class OutputError(TeclaError):
    """A target cannot be written, exists already, or names a format that tecla does not write."""


class OptionError(TeclaError):
    """A value lies outside its bounds."""


class MissingExtraError(TeclaError):
    """The call needs packages that belong to an optional extra of tecla."""


class InputWarning(UserWarning):
    """An input is damaged, and what can still be used of it is."""
