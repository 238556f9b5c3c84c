import { UserError } from "../../lib/errors.ts";
import { defaultAddress } from "../hosts/facts/read-facts.ts";
import type { SshTarget } from "../hosts/target.ts";
import { isLoopback } from "../hosts/loopback.ts";
import { resolveAddress } from "./bind.ts";
import { isNetwork } from "../config/networks.ts";

/**
 * What `lathe:allowFrom` names, as addresses: those as they are, and hosts by the name that `ssh` would connect to.
 *
 * @throws UserError with every name that stands for nothing
 */
export async function resolveAllowed(entries: readonly string[], target: SshTarget | null): Promise<string[]> {
  const found = await Promise.all(
    entries.map(async (entry) => {
      if (isNetwork(entry)) return [entry];
      const host = { ...target, destination: entry };
      return resolveAddress(await defaultAddress(host));
    }),
  );
  const own = entries.filter((entry, i) => !isNetwork(entry) && found[i]?.some(isLoopback));
  if (own.length > 0) {
    throw new UserError(
      own.map((entry) => ({
        what: `lathe:allowFrom: "${entry}" is this machine itself here (${found[entries.indexOf(entry)]?.join(", ")}): no address by which it comes to another`,
        expected: "an address, a network (192.0.2.0/24), or a host as ssh knows it",
        fix: "name the address at which it comes there: pulumi config set --path 'lathe:allowFrom[0]' ADDRESS",
      })),
    );
  }
  const unknown = entries.filter((_, i) => found[i]?.length === 0);
  if (unknown.length > 0) {
    throw new UserError(
      unknown.map((entry) => ({
        what: `lathe:allowFrom: "${entry}" stands for no address here`,
        expected: "an address, a network (192.0.2.0/24), or a host as ssh knows it",
        fix: "pulumi config set --path 'lathe:allowFrom[0]' ADDRESS",
      })),
    );
  }
  return [...new Set(found.flat())].sort();
}
