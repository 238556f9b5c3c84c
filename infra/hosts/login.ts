import { isIP } from "node:net";
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

/** Shell lines of the facts script that tell it; `parseLogin` reads them. `$code` is 0 where the engine has answered before. */
export const LOGIN_SCRIPT = String.raw`
  printf 'id %s %s\n' "$(id -u)" "$(id -g)"
  printf 'reached %s\n' "${"$"}{SSH_CONNECTION:-}"
  printf 'addresses %s\n' "$(hostname -I 2>/dev/null || ip -o addr show scope global 2>/dev/null | sed 's/.*inet6\{0,1\} \([^ /]*\).*/\1/' | tr '\n' ' ')"
  printf 'boot %s %s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" "$(sed 's/.*) //' /proc/1/stat 2>/dev/null | cut -d ' ' -f 20)"
  ids=; [ "$code" != 0 ] || ids=$($limit docker ps -aq --filter label=org.lathe.owner 2>/dev/null)
  [ -z "$ids" ] || $limit docker inspect --format 'published {{.Name}} {{json .NetworkSettings.Ports}}' $ids 2>/dev/null
`;

/** What `LOGIN_SCRIPT` printed, and `GUARD_SCRIPT`; undefined where the host did not even tell who the user is. Pure. */
export function parseLogin(text: string, guards = ""): HostLogin | undefined {
  const ids = /^id (\d+) (\d+)$/m.exec(text);
  if (ids === null) return undefined;
  const words = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  // SSH_CONNECTION: client address, client port, server address, server port.
  const reachedAt = words("reached")[2] ?? "";
  const firewall = parseFirewall(guards);
  return {
    uid: Number(ids[1]),
    gid: Number(ids[2]),
    reachedAt: isIP(reachedAt) === 0 ? null : reachedAt,
    addresses: words("addresses").filter((word) => isIP(word) !== 0),
    published: Object.fromEntries(
      [...text.matchAll(/^published \/(\S+) (.*)$/gm)].map(([, name = "", json = ""]) => [name, hostIps(json)]),
    ),
    boot: words("boot").join("/"),
    ...(firewall === undefined ? {} : { firewall }),
  };
}

/** The host's addresses among Docker's port bindings, each once. */
function hostIps(json: string): string[] {
  const ports = JSON.parse(json) as Record<string, { HostIp: string }[] | null> | null;
  return [...new Set(Object.values(ports ?? {}).flatMap((bindings) => (bindings ?? []).map((b) => b.HostIp)))];
}
