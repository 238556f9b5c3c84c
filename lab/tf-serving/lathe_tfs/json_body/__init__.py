"""The JSON bodies of REST: what a request says becomes tensors, and tensors become an answer."""
