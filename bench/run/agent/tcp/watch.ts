import type { CallResult, Client, PredictRequest } from "../../../../clients/client.ts";
import { type TcpReader, type TcpSample, tcpOfCall } from "./read.ts";
import type { CallTcp } from "./facts.ts";
import { allPorts, type VisitMessage } from "../protocol.ts";

/** A reading this old, in milliseconds, says no more of a connection that is about to be used. */
const FRESH_MS = 20;

/** The connections of this machine to all containers of a visit's server. Never rejects. */
export async function readConnections(
  reader: TcpReader,
  visit: Pick<VisitMessage, "address" | "port" | "otherPorts">,
): Promise<readonly TcpSample[]> {
  const samples: TcpSample[] = [];
  // A reader answers one question at a time.
  for (const port of allPorts(visit)) samples.push(...(await reader.read(visit.address, port)));
  return samples;
}

/** Makes calls one after the other, and reads their connection between them. */
export interface TcpWatch {
  call(client: Client, request: PredictRequest): Promise<CallResult>;
  /** What the last call did on its connection; undefined if that is not known. */
  last(): CallTcp | undefined;
}

/**
 * Watches the calls of a visit that asks for it (`tcp`). The reading after a call is the one before the next, so each call costs one
 * reading, after its time is over.
 *
 * @param called clients that have made a call, over all visits
 * @param now monotonic clock, milliseconds
 */
export function tcpWatch(
  visit: Pick<VisitMessage, "tcp" | "address" | "port" | "otherPorts">,
  reader: TcpReader,
  called: WeakSet<Client>,
  now: () => number,
): TcpWatch {
  let known: { readonly at: number; readonly samples: readonly TcpSample[] } | undefined;
  let last: CallTcp | undefined;
  const read = async () => (known = { samples: await readConnections(reader, visit), at: now() });
  return {
    async call(client, request) {
      if (visit.tcp !== true) return client.call(request);
      last = undefined;
      const before = known !== undefined && now() - known.at < FRESH_MS ? known : await read();
      const first = !called.has(client);
      const result = await client.call(request);
      called.add(client);
      last = tcpOfCall(before.samples, (await read()).samples, first);
      return result;
    },
    last: () => last,
  };
}
