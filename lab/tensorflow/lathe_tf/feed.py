"""What a request's tensor is until a runtime takes it."""


class Feed:
    """A tensor on its way in: `data` is bytes or an array of the type's size, or a list of bytes for strings."""

    __slots__ = ("dtype", "shape", "data")

    def __init__(self, dtype, shape, data):
        self.dtype, self.shape, self.data = dtype, tuple(shape), data
