import { protocolTitle } from "../clients/registry.ts";
import { portsOf, type StackOutputs } from "./outputs.ts";

/** One line for each server of a stack: where it is, what it serves, and with which settings and why. */
export function summary({ machine, servers }: StackOutputs): string[] {
  return servers.map((server) => {
    const { id, kind, standIn, note, endpoints, models, placement } = server;
    const ports = endpoints
      .map((endpoint) => `${protocolTitle(endpoint.protocol)} ${portsOf(server, endpoint).join(" and ")}`)
      .join(", ");
    const names = models
      .map((m) => `${m.name}/${m.version}${m.canary === undefined ? "" : ` (canary ${m.canary.version})`}`)
      .join(", ");
    const what = `${kind}${standIn ? " (a stand-in serves, not the real server)" : ""}`;
    return `${id}: ${what} at ${machine.address}, ${ports}: ${names}; ${placement.reason}${note === undefined ? "" : ` ${note}`}`;
  });
}
