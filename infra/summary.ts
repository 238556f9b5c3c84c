import type { StackOutputs } from "./outputs.ts";

/** One line for each server of a stack: where it is, what it serves, and with how many threads and why. */
export function summary({ deployments }: StackOutputs): string[] {
  return deployments.map(({ role, address, grpcPort, restPort, models, threads, server }) => {
    const names = models
      .map((m) => `${m.name}/${m.version}${m.canary === undefined ? "" : ` (canary ${m.canary.version})`}`)
      .join(", ");
    const standIn = server.standIn ? " (a stand-in serves, not the real server)" : "";
    return `${role}: ${server.kind}${standIn} at ${address}, gRPC ${grpcPort}, REST ${restPort}: ${names}; ${threads.reason}`;
  });
}
