import { isIPv6 } from "node:net";
import { UserError, messageOf } from "../lib/errors.ts";
import { StatusError } from "./codes.ts";

/** `host:port` as URLs and error messages write it: an IPv6 address in brackets. */
export function authority(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** The error of a client that could not connect; `title` is what readers call the protocol: `gRPC`. */
export function noConnection(title: string, address: string, port: number, cause: unknown): UserError {
  return new UserError(
    {
      what: `no ${title} connection to ${authority(address, port)}: ${reasonOf(cause)}`,
      expected: "a model server that listens there",
      fix: "check that the container runs (docker ps), that the port is published and that no firewall is between",
    },
    { cause },
  );
}

/** Why a connection failed, short: `connection refused` before what Node says of it. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const known = REASONS[code];
  return known === undefined ? messageOf(cause) : `${known} (${code})`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the server reset the connection",
  EPIPE: "the server closed the connection",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ENOTFOUND: "the name is unknown",
  ETIMEDOUT: "no answer to the attempt to connect",
};

/** A lost or impossible connection as a call's status; the address is always in the message. */
export function unavailable(address: string, port: number, cause: unknown): StatusError {
  return new StatusError("UNAVAILABLE", `${authority(address, port)}: ${reasonOf(cause)}`, { cause });
}

/** A call that took longer than it may. */
export function deadlineExceeded(address: string, port: number, timeoutMs: number): StatusError {
  return new StatusError("DEADLINE_EXCEEDED", `${authority(address, port)}: no answer within ${timeoutMs} ms`);
}
