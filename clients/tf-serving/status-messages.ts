import { z } from "zod";
import { StatusError } from "../codes.ts";

/** One version of a model and how far it is. */
export interface ModelVersionStatus {
  readonly version: number;
  /** `START`, `LOADING`, `AVAILABLE`, `UNLOADING`, `END`. */
  readonly state: string;
  /** `OK`, or why loading failed. */
  readonly code: string;
  readonly message: string;
}

/** An input or output of a signature. */
export interface TensorInfo {
  /** TensorFlow's name: `DT_UINT8`. */
  readonly dtype: string;
  /** Sizes, -1 where open; null where not even the rank is known. */
  readonly shape: readonly number[] | null;
}

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

/** A model's signatures by name. */
export type Signatures = Readonly<Record<string, Signature>>;

/** int64 travels as text in JSON (`"1"`), and so does proto-loader give it. */
const Int64 = z.union([z.string().regex(/^-?\d+$/), z.number().int()]).transform(Number);

const StatusForm = z.object({
  model_version_status: z.array(
    z.object({
      version: Int64,
      state: z.string(),
      status: z
        .object({ error_code: z.string().default("OK"), error_message: z.string().default("") })
        .nullish()
        .transform((s) => s ?? { error_code: "OK", error_message: "" }),
    }),
  ),
});

/** A GetModelStatusResponse as proto-loader gives it: the same form as the REST answer. */
export type StatusAnswer = z.input<typeof StatusForm>;

/** The REST answer to `GET /v1/models/M`. Throws StatusError INTERNAL where it is none. */
export function modelStatusOfJson(json: unknown): ModelVersionStatus[] {
  return checked(StatusForm, json, "model status").model_version_status.map((v) => ({
    version: v.version,
    state: v.state,
    code: v.status.error_code,
    message: v.status.error_message,
  }));
}

/** The same of a gRPC answer. */
export const modelStatusOfProto: (answer: StatusAnswer) => ModelVersionStatus[] = modelStatusOfJson;

const InfoForm = z
  .object({
    dtype: z.string(),
    tensor_shape: z
      .object({ dim: z.array(z.object({ size: Int64 })).default([]), unknown_rank: z.boolean().default(false) })
      .nullish(),
  })
  .transform((info): TensorInfo => ({
    dtype: info.dtype,
    shape: info.tensor_shape?.unknown_rank === true ? null : (info.tensor_shape?.dim ?? []).map((d) => d.size),
  }));

const SignaturesForm = z.object({
  signature_def: z.record(
    z.string(),
    z.object({
      inputs: z.record(z.string(), InfoForm).default({}),
      outputs: z.record(z.string(), InfoForm).default({}),
    }),
  ),
});

/** A SignatureDefMap as a plain object. Throws StatusError INTERNAL where it is none. */
export function signaturesOfProto(map: unknown): Signatures {
  return withoutInitOp(checked(SignaturesForm, map, "signatures").signature_def);
}

/** The REST answer to `GET /v1/models/M/metadata`, whose signature_def lies inside another signature_def. */
export function signaturesOfJson(json: unknown): Signatures {
  const form = z.object({ metadata: z.object({ signature_def: SignaturesForm }) });
  return withoutInitOp(checked(form, json, "metadata").metadata.signature_def.signature_def);
}

const MetadataForm = z.object({
  model_spec: z.object({ version: z.union([Int64, z.object({ value: Int64 }).transform((v) => v.value)]) }),
});

/** The version that a metadata answer of either protocol is about. */
export function versionOfMetadata(answer: unknown): number {
  return checked(MetadataForm, answer, "metadata").model_spec.version;
}

/** SavedModels of TensorFlow 2 carry a signature for their own start-up that nobody can call. */
function withoutInitOp(signatures: Signatures): Signatures {
  return Object.fromEntries(Object.entries(signatures).filter(([name]) => name !== "__saved_model_init_op"));
}

function checked<T extends z.ZodType>(form: T, value: unknown, what: string): z.output<T> {
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StatusError("INTERNAL", `the answer is no ${what}: ${z.prettifyError(parsed.error)}`);
}
