import { script } from "../hosts/connection/remote.ts";
import { runOn } from "../hosts/connection/run.ts";
import { LOOPBACK } from "../hosts/addresses.ts";
import type { GateSpec } from "./spec.ts";

/** Needs bash, which every supported host has. */
const OPENS = `timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2"`;

/** What to do where nothing is wrong but the time. */
export const GIVE_TIME =
  "if the host is slow, give it time: npx lathe pulumi config set lathe:gateTimeoutSeconds SECONDS";

/** What to do about a server that did not answer in time: its port may be open on the machine itself and closed from here. */
export async function whyNoAnswer({ target, address, endpoints }: GateSpec): Promise<string> {
  const port = endpoints[0]?.port;
  if (target === null || address === LOOPBACK || port === undefined) return GIVE_TIME;
  const [there, here] = await Promise.all([
    runOn(target, script(OPENS, LOOPBACK, `${port}`), { timeoutMs: 15_000 }),
    runOn(null, script(OPENS, address, `${port}`), { timeoutMs: 15_000 }),
  ]);
  if (there.code !== 0 || here.code === 0) return GIVE_TIME;
  return (
    `its port ${port} is open on the machine itself and shut from here: open it between ${address} and its clients (a cloud's ` +
    "security group, a firewall), name the address that they can reach (npx lathe pulumi config set lathe:address ADDRESS), or let it be " +
    "reached by SSH alone (npx lathe pulumi config set lathe:expose tunnel)"
  );
}
