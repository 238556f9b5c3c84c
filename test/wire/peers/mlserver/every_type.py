"""A model of MLServer's that answers an input as it came, and a tensor of every type that its codecs have."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

CONSTANTS = {
    "BOOL": np.array([True, False]),
    **{f"INT{bits}": np.array([-2, 3], f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": np.array([2, 200], f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.array([[0.5], [-1.25]], f"float{bits}") for bits in (32, 64)},
}


class EveryType(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        came = NumpyCodec.decode_input(payload.inputs[0])
        if came.shape[0] == 0:
            raise ValueError("nothing came")
        outputs = [NumpyCodec.encode_output(name, array) for name, array in {"same": came, **CONSTANTS}.items()]
        outputs.append(StringCodec.encode_output("BYTES", ["a", "ä"]))
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
