import { isOwnModel } from "../../../models/own.ts";
import type { ModelToServe, ServerFile } from "../kind.ts";
import { parameters, type TritonSettings } from "./settings.ts";

/** The folder of a version that Triton's TensorFlow backend reads. */
export const MODEL_FILE = "model.savedmodel";

/** Inputs and outputs of every model of the catalogue, with the dimension of the batch (models/convert/serving.py). */
const INPUTS = [["inputs", "TYPE_UINT8", [-1, -1, -1, 3]]] as const;
const OUTPUTS = [
  ["detection_boxes", "TYPE_FP32", [-1, -1, 4]],
  ["detection_scores", "TYPE_FP32", [-1, -1]],
  ["detection_classes", "TYPE_FP32", [-1, -1]],
  ["num_detections", "TYPE_FP32", [-1]],
] as const;

type Tensors = readonly (readonly [name: string, type: string, dims: readonly number[]])[];

/** Whether it is known what goes into each model and comes out; of a folder of the user's own, Triton finds out. Pure. */
export function tensorsKnown(models: readonly ModelToServe[]): boolean {
  return !models.some(isOwn);
}

function isOwn({ name, from = name, canary }: ModelToServe): boolean {
  return [from, canary?.from ?? from].some(isOwnModel);
}

/** The file that tells Triton how to serve a model (`ModelConfig` in protobuf's text format). Pure. */
export function modelConfigFile(model: ModelToServe, settings: TritonSettings): ServerFile {
  const { maxBatch, preferredBatches, queueDelayMicros, instances } = settings;
  const versions = [model.version, ...(model.canary === undefined ? [] : [model.canary.version])];
  const preferred = preferredBatches.length === 0 ? "" : `preferred_batch_size: [ ${preferredBatches.join(", ")} ] `;
  const lines = [
    `name: ${text(model.name)}`,
    `backend: "tensorflow"`,
    `platform: "tensorflow_savedmodel"`,
    `default_model_filename: "${MODEL_FILE}"`,
    `max_batch_size: ${maxBatch}`,
    `version_policy { specific { versions: [ ${versions.sort((a, b) => a - b).join(", ")} ] } }`,
    ...(isOwn(model) ? [] : [...tensors("input", INPUTS, maxBatch > 0), ...tensors("output", OUTPUTS, maxBatch > 0)]),
    `instance_group [ { kind: KIND_CPU count: ${instances} } ]`,
    ...(maxBatch > 0 ? [`dynamic_batching { ${preferred}max_queue_delay_microseconds: ${queueDelayMicros} }`] : []),
    ...Object.entries(parameters(settings)).map(
      ([key, value]) => `parameters { key: "${key}" value: { string_value: "${value}" } }`,
    ),
  ];
  return { name: `${model.name}/config.pbtxt`, content: `${lines.join("\n")}\n` };
}

/** @param batched the batch's dimension is not told: Triton adds it where `max_batch_size` is above 0 */
function tensors(field: string, all: Tensors, batched: boolean): string[] {
  return all.map(([name, type, dims]) => {
    const own = batched ? dims.slice(1) : dims;
    // No tensor of Triton's has no dimension: one value an image is said as one that has one, and is given another shape.
    const shape = own.length === 0 ? "dims: [ 1 ] reshape: { shape: [ ] }" : `dims: [ ${own.join(", ")} ]`;
    return `${field} [ { name: "${name}" data_type: ${type} ${shape} } ]`;
  });
}

/** A name as a string of protobuf's text format. */
const text = (name: string) => `"${name.replace(/[\\"]/g, "\\$&")}"`;
