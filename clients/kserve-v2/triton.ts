import { Budget } from "../tensors.ts";
import { GrpcChannel } from "../transport/grpc-channel.ts";
import { WireReader } from "../transport/protobuf-reader.ts";
import { type GatheredMessage, GatherWriter } from "../transport/protobuf-writer.ts";
import type { Security } from "../security.ts";

/*
 * What Triton adds to KServe's gRPC service: which models it has, and how each is configured (its model_config.proto).
 */

/** Where Triton's gRPC answers. */
export interface TritonPeer {
  readonly address: string;
  readonly port: number;
  /** Absent: in the clear. */
  readonly security?: Security | undefined;
  readonly timeoutMs: number;
}

/** One version of a model, as Triton's repository index tells of it. */
export interface IndexedModel {
  readonly name: string;
  readonly version: string;
  /** `READY`, `UNAVAILABLE`, `LOADING`, `UNLOADING`; empty: it lies in the repository, and nobody has asked for it. */
  readonly state: string;
  readonly reason: string;
}

/** How a model is served, of a ModelConfig. */
export interface ServedConfig {
  readonly maxBatch: number;
  /** Of all instance groups. */
  readonly instances: number;
  /** Null: no dynamic batching. */
  readonly batching: { readonly preferred: readonly number[]; readonly delayMicros: number } | null;
}

/**
 * The models that a server knows of, served or not, and why not.
 *
 * @throws UserError where there is no connection, StatusError where there is no such answer
 */
export async function repositoryIndex(peer: TritonPeer): Promise<IndexedModel[]> {
  return decodeRepositoryIndex(await ask(peer, "RepositoryIndex", { pieces: [], length: 0 }));
}

/** How a version of a model is served. Throws as {@link repositoryIndex} does. */
export async function servedConfig(peer: TritonPeer, model: string, version: number): Promise<ServedConfig> {
  const out = new GatherWriter();
  out.bytes(0x0a, Buffer.from(model, "utf8"));
  out.bytes(0x12, Buffer.from(`${version}`, "latin1"));
  return decodeServedConfig(await ask(peer, "ModelConfig", { pieces: out.finish(), length: out.length }));
}

async function ask(peer: TritonPeer, method: string, message: GatheredMessage): Promise<Uint8Array> {
  const channel = new GrpcChannel(peer.address, peer.port, peer.security);
  try {
    await channel.open(peer.timeoutMs);
    return (await channel.unary(`/inference.GRPCInferenceService/${method}`, message, peer.timeoutMs)).body;
  } finally {
    await channel.close();
  }
}

/** What an entry of the index takes besides its texts. */
const ENTRY_BYTES = 1024;

/** A RepositoryIndexResponse's models. Throws StatusError INTERNAL where the bytes are none, RESOURCE_EXHAUSTED where they are too many. */
export function decodeRepositoryIndex(bytes: Uint8Array): IndexedModel[] {
  const budget = new Budget();
  const models: IndexedModel[] = [];
  eachField(new WireReader(bytes), (tag, reader) => {
    if (tag !== 0x0a) return reader.skip(tag);
    budget.charge(ENTRY_BYTES);
    const texts = ["", "", "", ""];
    reader.nested((entry) =>
      eachField(entry, (inner) => {
        const field = inner >>> 3;
        if ((inner & 7) === 2 && field >= 1 && field <= texts.length) texts[field - 1] = entry.text();
        else entry.skip(inner);
      }),
    );
    const [name = "", version = "", state = "", reason = ""] = texts;
    models.push({ name, version, state, reason });
  });
  return models;
}

/** More preferred sizes of batches are a fault of the peer. */
const MOST_PREFERRED = 1024;

/** What a ModelConfigResponse says of how a model is served. Throws StatusError INTERNAL where the bytes are none. */
export function decodeServedConfig(bytes: Uint8Array): ServedConfig {
  let [maxBatch, instances] = [0, 0];
  let batching: { preferred: number[]; delayMicros: number } | null = null;
  const group = (reader: WireReader) =>
    eachField(reader, (tag) => {
      if (tag === 0x10) instances += reader.uint32();
      else reader.skip(tag);
    });
  const batcher = (reader: WireReader) => {
    const found = (batching ??= { preferred: [], delayMicros: 0 });
    const preferred = (from: WireReader) => {
      if (found.preferred.length < MOST_PREFERRED) found.preferred.push(from.uint32());
      else from.uint32();
    };
    eachField(reader, (tag) => {
      if (tag === 0x08) preferred(reader);
      else if (tag === 0x0a)
        reader.nested((packed) => {
          while (!packed.done) preferred(packed);
        });
      else if (tag === 0x10) found.delayMicros = reader.int64();
      else reader.skip(tag);
    });
  };
  const config = (reader: WireReader) =>
    eachField(reader, (tag) => {
      if (tag === 0x20) maxBatch = reader.uint32();
      else if (tag === 0x3a) reader.nested(group);
      else if (tag === 0x5a) reader.nested(batcher);
      else reader.skip(tag);
    });
  eachField(new WireReader(bytes), (tag, reader) => {
    if (tag === 0x0a) reader.nested(config);
    else reader.skip(tag);
  });
  return { maxBatch, instances, batching };
}

/** Goes to each field of a message: `read` takes what comes after the tag. */
function eachField(reader: WireReader, read: (tag: number, reader: WireReader) => void): void {
  while (!reader.done) read(reader.uint32(), reader);
}
