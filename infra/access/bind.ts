import { lookup } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import { UserError } from "../../lib/errors.ts";
import type { HostLogin } from "../hosts/login.ts";
import type { AccessConfig } from "./config.ts";
import { LOOPBACK, isLoopback } from "../hosts/addresses.ts";

/** What a server's addresses follow from. */
export interface BindSources {
  readonly expose: AccessConfig["expose"];
  /** Where others reach the machine, as the stack's outputs say it. */
  readonly address: string;
  /** The addresses behind that name, as this machine resolves it. */
  readonly resolved: readonly string[];
  readonly login: HostLogin;
}

/**
 * The host's own addresses that a server's ports are bound to. Loopback is always one of them, for a client on the machine
 * itself. Where the machine's address is that of a NAT in front, it is the address at which SSH arrived.
 *
 * @throws UserError if the host has no such address
 */
export function bindAddresses({ expose, address, resolved, login }: BindSources): string[] {
  if (expose === "tunnel") return [LOOPBACK];
  if (expose === "everywhere") return login.addresses.some((a) => isIPv6(a)) ? ["0.0.0.0", "::"] : ["0.0.0.0"];
  const meant = isIP(address) === 0 ? resolved : [address];
  // Debian's installer gives a machine's own name 127.0.1.1 in its /etc/hosts: a server's port is not bound there.
  if (isIP(address) === 0 && meant.some((ip) => isLoopback(ip) && ip !== LOOPBACK && ip !== "::1")) {
    throw new UserError({
      what: `lathe:address: ${address} is ${meant.join(", ")} here: a machine's own name for itself, that nobody else can use`,
      expected: "a name or an address by which its clients reach it",
      fix: `npx lathe pulumi config set lathe:address ADDRESS (it has ${login.addresses.join(", ") || "none"}), or lathe:host without SSH: leave it out`,
    });
  }
  if (meant.some(isLoopback)) return [LOOPBACK];
  const own = meant.filter((ip) => login.addresses.includes(ip));
  const [found] = own.length > 0 ? own : login.reachedAt === null ? [] : [login.reachedAt];
  if (found === undefined || /^fe80:/i.test(found)) {
    throw new UserError({
      what: `lathe:address: ${address} is none of the host's own addresses`,
      expected: login.addresses.join(", ") || "an address of the host",
      fix: "npx lathe pulumi config set lathe:address ADDRESS, or, for every interface: npx lathe pulumi config set lathe:expose everywhere",
    });
  }
  return isLoopback(found) ? [LOOPBACK] : [LOOPBACK, ...new Set(own.length > 0 ? own : [found])];
}

/** The addresses that a name stands for on this machine; none if it stands for nothing. */
export async function resolveAddress(name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  return lookup(name, { all: true }).then(
    (found) => found.map((f) => f.address),
    () => [],
  );
}

/** Whether ports bound to these addresses can be reached from other machines. */
export function isOpenOutside(bind: readonly string[]): boolean {
  return bind.some((ip) => !isLoopback(ip));
}
