import { StatusError } from "../codes.ts";
import { Budget, MAX_RANK, checkTensor } from "../tensors.ts";
import type { LastSaid } from "../transport/last-said.ts";
import { WireReader } from "../transport/protobuf-reader.ts";
import { type GatheredMessage, GatherWriter, varintSize } from "../transport/protobuf-writer.ts";
import { TypedList, type ListKind } from "../transport/typed-list.ts";
import { datatypeOf, headOf, ofOutput, rawOf, tensorOfRaw, type KnownType, type OutputHead } from "./elements.ts";
import type { PredictRequest, Tensor } from "../client.ts";

/*
 * The messages of KServe's GRPCInferenceService, as far as Lathe uses them (docs/predict-api/v2 of KServe: grpc_predict_v2.proto).
 */

/**
 * A ModelInferRequest's bytes, its elements in `raw_input_contents`. The pieces share memory with the request's tensors: do not
 * change them until the message was sent. Throws StatusError INVALID_ARGUMENT where a tensor's data does not fit its type and shape.
 */
export function encodeInferRequest({ model, version, inputs }: PredictRequest): GatheredMessage {
  const out = new GatherWriter();
  out.bytes(0x0a, Buffer.from(model, "utf8"));
  if (version !== undefined) out.bytes(0x12, Buffer.from(`${version}`, "latin1"));
  const all = Object.entries(inputs);
  for (const [name, tensor] of all) {
    checkTensor(name, tensor);
    out.bytes(0x2a, inputHead(name, tensor));
  }
  for (const [, tensor] of all) out.bytes(0x3a, rawOf(tensor));
  return { pieces: out.finish(), length: out.length };
}

function inputHead(name: string, { dtype, shape }: Tensor): Uint8Array {
  const out = new GatherWriter();
  out.bytes(0x0a, Buffer.from(name, "utf8"));
  out.bytes(0x12, Buffer.from(datatypeOf(dtype), "latin1"));
  out.varint(0x1a);
  out.varint(shape.reduce((sum, size) => sum + varintSize(size), 0));
  for (const size of shape) out.varint(size);
  return Buffer.concat(out.finish());
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** What an element of `raw_output_contents` takes besides its bytes: a few bytes of an answer stand for one. */
const RAW_BYTES = 128;

/** An output, and its elements where they stand in the message's own lists. */
interface Output {
  readonly head: OutputHead;
  readonly contents: Uint8Array;
}

/** What a connection's last answer said of its outputs before their raw contents. */
export type LastOutputs = LastSaid<readonly Output[]>;

/**
 * The outputs of a ModelInferResponse's bytes, by name. Copies what it keeps, and allocates nothing that the shapes do not ask for.
 * Throws StatusError INTERNAL where the bytes are no ModelInferResponse, RESOURCE_EXHAUSTED where its tensors would take too much memory.
 *
 * @param last read and written
 */
export function decodeInferResponse(bytes: Uint8Array, last?: LastOutputs): Record<string, Tensor> {
  const budget = new Budget();
  const known = last?.match(bytes);
  const outputs: Output[] = [...(known?.said ?? [])];
  const raws: Uint8Array[] = [];
  let before: { readonly length: number; readonly said: readonly Output[] } | undefined;
  for (const reader = new WireReader(bytes, known?.length); !reader.done;) {
    const start = reader.at;
    const tag = reader.uint32();
    if (tag === 0x2a) outputs.push(reader.nested((output) => decodeOutput(output, budget)));
    else if (tag === 0x32) {
      // Elements that stand there are not kept.
      if (raws.length === 0 && outputs.every(({ contents }) => contents.length === 0))
        before = { length: start, said: [...outputs] };
      budget.charge(RAW_BYTES);
      raws.push(reader.delimited());
    } else reader.skip(tag);
  }
  if (raws.length > 0 && raws.length !== outputs.length)
    throw new StatusError("INTERNAL", `the answer has ${outputs.length} outputs, and raw contents of ${raws.length}`);
  const tensors = outputs.map(({ head, contents }, i): [string, Tensor] => {
    const raw = raws[i];
    return [head.name, raw === undefined ? tensorOfLists(head, contents, budget) : tensorOfRaw(head, raw, budget)];
  });
  if (before !== undefined && before.length !== known?.length)
    last?.keep(bytes.subarray(0, before.length), before.said);
  return Object.fromEntries(tensors);
}

/** An InferOutputTensor. */
function decodeOutput(reader: WireReader, budget: Budget): Output {
  let [name, datatype, contents] = ["", "", NOTHING];
  const shape: number[] = [];
  const size = (from: WireReader) => {
    if (shape.length === MAX_RANK) throw new StatusError("INTERNAL", `an output of more than ${MAX_RANK} dimensions`);
    shape.push(from.int64());
  };
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x0a) name = reader.text();
    else if (tag === 0x12) datatype = reader.text();
    else if (tag === 0x18) size(reader);
    else if (tag === 0x1a)
      reader.nested((packed) => {
        while (!packed.done) size(packed);
      });
    else if (tag === 0x2a) contents = reader.delimited();
    else reader.skip(tag);
  }
  return { head: headOf(name, datatype, shape, budget), contents };
}

/** The list of an InferTensorContents that holds elements of a type; FP16 and BF16 travel raw alone. */
const LISTS: Readonly<Partial<Record<KnownType, readonly [field: number, kind: ListKind]>>> = {
  DT_BOOL: [1, "varint"],
  ...{ DT_INT8: [2, "varint"], DT_INT16: [2, "varint"], DT_INT32: [2, "varint"], DT_INT64: [3, "varint64"] },
  ...{ DT_UINT8: [4, "varint"], DT_UINT16: [4, "varint"], DT_UINT32: [4, "varint"], DT_UINT64: [5, "varint64"] },
  ...{ DT_FLOAT: [6, "fixed32"], DT_DOUBLE: [7, "fixed64"], DT_STRING: [8, "string"] },
};

function tensorOfLists({ name, dtype, shape, count }: OutputHead, contents: Uint8Array, budget: Budget): Tensor {
  return ofOutput(name, () => {
    const [field, kind] = LISTS[dtype] ?? [];
    if (field === undefined || kind === undefined)
      throw new StatusError("INTERNAL", `${datatypeOf(dtype)} without raw contents`);
    const list = new TypedList(field, kind);
    for (const reader = new WireReader(contents); !reader.done;) {
      const tag = reader.uint32();
      if (tag >>> 3 === field) list.look(reader, tag & 7);
      else reader.skip(tag);
    }
    if (list.count !== count)
      throw new StatusError("INTERNAL", `${list.count} values for a tensor of ${count} elements`);
    return { dtype, shape, data: list.data(contents, dtype, count, budget) };
  });
}
