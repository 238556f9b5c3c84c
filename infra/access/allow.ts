import { UserError, type Fault } from "../../lib/errors.ts";
import { defaultAddress } from "../hosts/facts/read-facts.ts";
import { isLoopback, isNetwork } from "../hosts/addresses.ts";
import type { SshTarget } from "../hosts/target.ts";
import { resolveAddress } from "./bind.ts";

const EXPECTED = "an address, a network (192.0.2.0/24), or a host as ssh knows it";
const SET = "npx lathe pulumi config set --path 'lathe:allowFrom[0]' ADDRESS";

/**
 * The addresses and networks that `lathe:allowFrom` names; a host stands for the addresses of the name that `ssh` would
 * connect to.
 *
 * @throws UserError with every host that has no address, or none but this machine's own
 */
export async function resolveAllowed(entries: readonly string[], target: SshTarget | null): Promise<string[]> {
  const found = await Promise.all(
    entries.map(async (entry) =>
      isNetwork(entry) ? [entry] : resolveAddress(await defaultAddress({ ...target, destination: entry })),
    ),
  );
  const faults = entries.flatMap((entry, i): Fault[] => {
    const ips = found[i] ?? [];
    if (ips.length === 0)
      return [{ what: `lathe:allowFrom: "${entry}" stands for no address here`, expected: EXPECTED, fix: SET }];
    if (isNetwork(entry) || !ips.some(isLoopback)) return [];
    const what = `lathe:allowFrom: "${entry}" is this machine itself here (${ips.join(", ")}): no address by which it comes to another`;
    return [{ what, expected: EXPECTED, fix: `name the address at which it comes there: ${SET}` }];
  });
  if (faults.length > 0) throw new UserError(faults);
  return [...new Set(found.flat())].sort();
}
