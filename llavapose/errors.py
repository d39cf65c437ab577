"""What a user can get wrong. Every message says what, where, got, expected and what to do next, in one line."""


class LlavaPoseError(Exception):
    """Base of every error that is shown as one line, without a traceback, with exit code 1.

    Attributes:
        goes_on_with: the setting that, added to the command, lets it go on; None where there is none.
    """

    goes_on_with: str | None = None


class ConfigError(LlavaPoseError):
    """A configuration value, name or combination that cannot be used."""


class DataError(LlavaPoseError):
    """A file or record that is missing, broken or not of the promised format."""


class ReplyError(LlavaPoseError):
    """A teacher's or judge's reply that cannot be used; the message is the reason."""


class CheckpointError(LlavaPoseError):
    """A checkpoint folder that is missing, incomplete or does not fit the run."""
