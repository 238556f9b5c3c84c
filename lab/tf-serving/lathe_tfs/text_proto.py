"""Files in protobuf's text form."""

from google.protobuf import text_format


def read_text_proto(path, message):
    """The message that a file holds; exits with the place of its fault."""
    try:
        with open(path, encoding="utf-8") as file:
            return text_format.Parse(file.read(), message)
    except (OSError, text_format.ParseError) as fault:
        raise SystemExit(f"Failed to parse {path}: {fault}") from None
