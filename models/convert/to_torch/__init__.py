"""The form `torch`: a model as TorchServe reads it, its weights taken out of the SavedModel."""
