import { isIP } from "node:net";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { atMost, MOST_ADDRESSES, MOST_CONTAINERS, nameOf } from "./bounds.ts";
import { parseFirewall, type HostFirewall } from "./firewall.ts";

/** Who Lathe is on a host, and where that host was reached: what binding ports and owning files depend on. */
export interface HostLogin {
  /** The SSH user's own numbers. */
  readonly uid: number;
  readonly gid: number;
  /** The host's own address at which the SSH connection arrived, behind whatever NAT; null on this machine. */
  readonly reachedAt: string | null;
  /** Every address that the host's interfaces have, loopback and link-local ones left out. */
  readonly addresses: readonly string[];
  /** Of each server that Lathe runs there: its ports' addresses, in the order in which Docker tells them. */
  readonly published: Readonly<Record<string, readonly string[]>>;
  /** Differs after each boot of the host. */
  readonly boot: string;
  /** Absent: it was not asked. */
  readonly firewall?: HostFirewall;
}

/** Shell lines of the facts script that tell it; `parseLogin` reads them. `$code` is 0 if the engine has answered before. */
export const LOGIN_SCRIPT = String.raw`
  printf 'id %s %s\n' "$(id -u)" "$(id -g)"
  printf 'reached %s\n' "${"$"}{SSH_CONNECTION:-}"
  printf 'addresses %s\n' "$(hostname -I 2>/dev/null || ip -o addr show scope global 2>/dev/null | sed 's/.*inet6\{0,1\} \([^ /]*\).*/\1/' | tr '\n' ' ')"
  printf 'boot %s %s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" "$(sed 's/.*) //' /proc/1/stat 2>/dev/null | cut -d ' ' -f 20)"
  ids=; [ "$code" != 0 ] || ids=$($limit docker ps -aq --filter label=org.lathe.owner 2>/dev/null)
  [ -z "$ids" ] || $limit docker inspect --format 'published {{.Name}} {{json .NetworkSettings.Ports}}' $ids 2>/dev/null
`;

/** Linux numbers no user and no group higher. */
const HIGHEST_ID = 2 ** 32 - 2;

/**
 * What `LOGIN_SCRIPT` printed, and `GUARD_SCRIPT`; undefined if the host did not even tell who the user is. Pure.
 *
 * @throws UserError if it tells more than a host can have, or something else than ports
 */
export function parseLogin(text: string, guards = ""): HostLogin | undefined {
  const [, uid, gid] = (/^id (\d+) (\d+)$/m.exec(text) ?? []).map(Number);
  if (uid === undefined || gid === undefined || uid > HIGHEST_ID || gid > HIGHEST_ID) return undefined;
  const words = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  // SSH_CONNECTION: client address, client port, server address, server port.
  const reachedAt = words("reached")[2] ?? "";
  const firewall = parseFirewall(guards);
  const published = [...text.matchAll(/^published \/(\S{1,255}) (.*)$/gm)];
  return {
    ...{ uid, gid },
    reachedAt: isIP(reachedAt) === 0 ? null : reachedAt,
    addresses: atMost(
      MOST_ADDRESSES,
      "addresses",
      words("addresses").filter((word) => isIP(word) !== 0),
    ),
    published: Object.fromEntries(
      atMost(MOST_CONTAINERS, "containers of Lathe's", published).map(([, name = "", json = ""]) => [
        name,
        hostIps(json),
      ]),
    ),
    boot: nameOf(words("boot").slice(0, 2).join("/")),
    ...(firewall === undefined ? {} : { firewall }),
  };
}

/** Ports of a container as `docker inspect` tells them: to each the host's addresses, if any. */
const Ports = z.record(z.string(), z.array(z.object({ HostIp: z.string() })).nullable()).nullable();

/** The host's addresses among Docker's port bindings, each once. */
function hostIps(json: string): string[] {
  let told: unknown;
  try {
    told = JSON.parse(json);
  } catch {
    // Refused below: it is no map.
  }
  const ports = Ports.safeParse(told);
  if (!ports.success)
    throw new UserError({ what: `a container's ports: ${nameOf(json)}`, expected: "as docker inspect prints them" });
  return [...new Set(Object.values(ports.data ?? {}).flatMap((bindings) => (bindings ?? []).map((b) => b.HostIp)))];
}
