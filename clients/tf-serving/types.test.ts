import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { messages } from "../../protos/index.ts";
import { clientKind } from "../registry.ts";
import type { PredictRequest } from "../client.ts";
import { valuesOf } from "../tensors.ts";
import { grpcServer, httpServer, type Loopback } from "../testing/loopback.ts";

/* Models whose outputs are of any type that TensorFlow has, asked over TCP by each client. */

const Response = messages().lookupType("tensorflow.serving.PredictResponse");
const TWO = { dim: [{ size: 2 }] };
const content = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** By type: as TensorProtos, once in a typed list and once as content; and what they hold. */
const TYPES: readonly (readonly [
  type: string,
  number: number,
  list: string,
  listed: readonly unknown[],
  raw: Buffer,
  values: readonly (number | bigint)[],
])[] = [
  ["DT_HALF", 19, "half_val", [0x3e00, 0xbc00], content(Uint16Array.of(0x3e00, 0xbc00)), [1.5, -1]],
  ["DT_BFLOAT16", 14, "half_val", [0x3fc0, 0xff80], content(Uint16Array.of(0x3fc0, 0xff80)), [1.5, -Infinity]],
  ["DT_INT8", 6, "int_val", [-128, 127], content(Int8Array.of(-128, 127)), [-128, 127]],
  ["DT_INT16", 5, "int_val", [-32768, 7], content(Int16Array.of(-32768, 7)), [-32768, 7]],
  ["DT_UINT16", 17, "int_val", [65535, 7], content(Uint16Array.of(65535, 7)), [65535, 7]],
  ["DT_UINT32", 22, "uint32_val", [2 ** 32 - 1, 7], content(Uint32Array.of(2 ** 32 - 1, 7)), [2 ** 32 - 1, 7]],
  [
    "DT_UINT64",
    23,
    "uint64_val",
    ["18446744073709551615", 7],
    content(BigUint64Array.of(2n ** 64n - 1n, 7n)),
    [2n ** 64n - 1n, 7n],
  ],
  [
    "DT_INT64",
    9,
    "int64_val",
    ["-9223372036854775808", 7],
    content(BigInt64Array.of(-(2n ** 63n), 7n)),
    [-(2n ** 63n), 7n],
  ],
];
const OUTPUTS: Readonly<Record<string, object>> = Object.fromEntries(
  TYPES.flatMap(([type, dtype, list, listed, raw]): [string, object][] => [
    [`${type}.list`, { dtype, tensor_shape: TWO, [list]: listed }],
    [`${type}.content`, { dtype, tensor_shape: TWO, tensor_content: raw }],
  ]),
);
/** Types without values here: complex numbers, quantised ones, a float of 8 bits, one that nobody knows yet. */
const OTHERS = Object.fromEntries(
  [8, 18, 11, 12, 24, 99].map((dtype) => [
    `other ${dtype}`,
    { dtype, tensor_shape: TWO, tensor_content: Buffer.from("abcdefgh") },
  ]),
);

const request: PredictRequest = {
  model: "m",
  inputs: { inputs: { dtype: "DT_UINT8", shape: [1, 2], data: new Uint8Array(2) } },
  timeoutMs: 10_000,
};

async function answerOf(kind: string, port: number) {
  const client = clientKind(kind).create("127.0.0.1", port);
  try {
    await client.open(5000);
    const result = await client.call(request);
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    expect(result.timing.totalMs).toBeGreaterThan(0);
    return result.outputs;
  } finally {
    await client.close();
  }
}

describe.each(["probe", "grpc-js"])("%s and outputs of any type", (kind) => {
  let server: Loopback;
  beforeAll(async () => {
    const bytes: Uint8Array = Response.encode(Response.fromObject({ outputs: { ...OUTPUTS, ...OTHERS } })).finish();
    server = await grpcServer(() => bytes);
  });
  afterAll(() => server.close());

  it("shows the values that there are, and keeps the bytes of the others", async () => {
    const outputs = await answerOf(kind, server.port);
    for (const [type, , , , , values] of TYPES)
      for (const form of ["list", "content"]) {
        const tensor = outputs[`${type}.${form}`];
        expect(tensor, `${type}.${form}`).toMatchObject({ dtype: type, shape: [2] });
        expect(tensor && Array.from(valuesOf(tensor) ?? [])).toEqual(values);
      }
    for (const number of [8, 18, 11, 12, 24, 99]) {
      const tensor = outputs[`other ${number}`];
      expect(tensor).toEqual({ dtype: `DT_${number}`, shape: [2], data: new Uint8Array(Buffer.from("abcdefgh")) });
      expect(tensor && valuesOf(tensor)).toBeUndefined();
    }
  });
});

it("REST's outputs of such types are numbers like any others", async () => {
  const server = await httpServer(() => [
    200,
    '{"outputs":{"half":[1.5,-1.0],"int8":[-128,127],"uint64":[18446744073709551615,7]}}',
  ]);
  try {
    expect(await answerOf("rest", server.port)).toEqual({
      half: { dtype: "DT_FLOAT", shape: [2], data: Float32Array.of(1.5, -1) },
      int8: { dtype: "DT_FLOAT", shape: [2], data: Float32Array.of(-128, 127) },
      uint64: { dtype: "DT_FLOAT", shape: [2], data: Float32Array.of(2 ** 64, 7) },
    });
  } finally {
    server.close();
  }
});
