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

/** int64 travels as text in JSON (`"1"`), and so does proto-loader give it. */
const Int64 = z.union([z.string().regex(/^-?\d+$/), z.number().int()]).transform(Number);

const Version = z.object({
  version: Int64,
  state: z.string(),
  status: z.object({ error_code: z.string().default("OK"), error_message: z.string().default("") }).nullish(),
});

/** No model has more versions; a fault is kept for each element of a list, so a list is counted before it is looked at. */
const MOST_VERSIONS = 1000;

const StatusForm = z.object({ model_version_status: z.array(z.unknown()).max(MOST_VERSIONS).pipe(z.array(Version)) });

/** The versions in an answer to a question for a model's status, by either protocol. Throws StatusError INTERNAL where it is none. */
export function modelStatusOf(answer: unknown): ModelVersionStatus[] {
  return checked(StatusForm, answer, "model status").model_version_status.map(({ version, state, status }) => ({
    version,
    state,
    code: status?.error_code ?? "OK",
    message: status?.error_message ?? "",
  }));
}

const MetadataForm = z.object({
  model_spec: z.object({ version: z.union([Int64, z.object({ value: Int64 }).transform((v) => v.value)]) }),
});

/** The version that a metadata answer of either protocol is about. Throws StatusError INTERNAL where it is none. */
export function versionOfMetadata(answer: unknown): number {
  return checked(MetadataForm, answer, "metadata").model_spec.version;
}

function checked<T extends z.ZodType>(form: T, value: unknown, what: string): z.output<T> {
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StatusError("INTERNAL", `the answer is no ${what}: ${z.prettifyError(parsed.error)}`);
}
