/** The canonical status names by their number: the same in gRPC and in every record of Lathe. */
export const canonicalCodes = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type CanonicalCode = (typeof canonicalCodes)[number];

/** The name of a status number; a number that is none of them is `UNKNOWN`, as gRPC says. */
export function codeName(number: number): CanonicalCode {
  return canonicalCodes[number] ?? "UNKNOWN";
}

/**
 * The canonical name for the HTTP status of a REST answer. Servers map several codes onto one status; this is the code that
 * clients meet most (400 may also have been FAILED_PRECONDITION or OUT_OF_RANGE, 409 ALREADY_EXISTS).
 */
export function codeOfRestStatus(status: number): CanonicalCode {
  return REST[status] ?? (status >= 500 ? "INTERNAL" : "UNKNOWN");
}

const REST: Readonly<Record<number, CanonicalCode>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  422: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** The canonical name where a gRPC call got an HTTP status other than 200 (gRPC's http-grpc-status-mapping). */
export function codeOfGrpcHttpStatus(status: number): CanonicalCode {
  return GRPC_HTTP[status] ?? "UNKNOWN";
}

const GRPC_HTTP: Readonly<Record<number, CanonicalCode>> = {
  400: "INTERNAL",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "UNIMPLEMENTED",
  429: "UNAVAILABLE",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

/** Longer messages are cut: each failed call's record holds one. */
const LONGEST_MESSAGE = 1500;

/** An answer of more bytes is a fault of the peer: it is not read to its end. */
export const LARGEST_ANSWER_BYTES = 2 ** 28;

/** The error of an answer that does not end where answers end: at so many bytes. */
export function answerTooLarge(largest = LARGEST_ANSWER_BYTES): StatusError {
  const most = largest >= 2 ** 20 ? `${Math.floor(largest / 2 ** 20)} MiB` : `${largest} bytes`;
  return new StatusError("RESOURCE_EXHAUSTED", `the answer is larger than ${most}`);
}

/** A call that failed with a status: thrown inside clients only, a `CallError` outside. */
export class StatusError extends Error {
  readonly code: CanonicalCode;
  /** It was the call's second attempt: the server had not begun the first. */
  retried = false;

  constructor(code: CanonicalCode, message: string, options?: ErrorOptions) {
    const words = message.trim() === "" ? "the server gave no reason" : message;
    super(words.length > LONGEST_MESSAGE ? `${words.slice(0, LONGEST_MESSAGE)}…` : words, options);
    this.name = "StatusError";
    this.code = code;
  }
}
