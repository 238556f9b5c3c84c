import type { PredictRequest } from "../client.ts";
import type { JsonBuffer } from "../json/buffer.ts";
import { encodeTensor } from "../json/encode.ts";
import { checkTensor } from "../tensors.ts";

/**
 * Writes a `:predict` body into `out`. One input with a batch dimension goes as rows (`instances`: what the paper's client
 * sends); several inputs, or a scalar, or any where `byName` says so, by name (`inputs`).
 * Throws StatusError INVALID_ARGUMENT where a tensor's data does not fit its type and shape.
 */
export function encodePredictBody(
  request: PredictRequest,
  defaultSignature: string,
  out: JsonBuffer,
  byName = false,
): void {
  const inputs = Object.entries(request.inputs);
  for (const [name, tensor] of inputs) checkTensor(name, tensor);
  out.at = 0;
  out.text('{"signature_name":');
  out.string(request.signature ?? defaultSignature);
  const only = inputs.length === 1 ? inputs[0]?.[1] : undefined;
  if (!byName && only !== undefined && only.shape.length > 0) {
    out.text(',"instances":');
    encodeTensor(only, out);
  } else {
    out.text(',"inputs":{');
    inputs.forEach(([name, tensor], i) => {
      if (i > 0) out.text(",");
      out.string(name);
      out.text(":");
      encodeTensor(tensor, out);
    });
    out.text("}");
  }
  out.text("}");
}
