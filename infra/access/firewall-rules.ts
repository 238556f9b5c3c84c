import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";

/** What a host's firewall is to do for one server. */
export interface FirewallPlan {
  /** `PROJECT/STACK` and the deployment's id: every way in says whose it is. */
  readonly owner: string;
  readonly id: string;
  /** The server's own bridge: whatever is forwarded into it is asked. */
  readonly bridge: string;
  /** Ports on the host, and the host's addresses that they are bound to. */
  readonly ports: readonly number[];
  readonly bind: readonly string[];
  /** Addresses and networks that are let in. */
  readonly allow: readonly string[];
}

/** A server's rules in one table of one family, for `iptables` or `ip6tables`. */
export interface ChainRules {
  readonly tool: "iptables" | "ip6tables";
  /** Not every kernel has `security` (CONFIG_IP_NF_SECURITY): without it these rules are left out. */
  readonly table: "filter" | "security";
  /** What `TOOL-restore --noflush` takes: the chain's whole content, changed at once. */
  readonly restore: string;
  /** The rules that lead into the chain, each as `-I` takes it: parent chain first. None: the chain is not needed. */
  readonly jumps: readonly (readonly string[])[];
}

/** Names what belongs to one server on a host: its network, its bridge (15 characters at most) and its chain. */
export function networkName(owner: string, container: string): string {
  return `lathe-${createHash("sha256").update(`${owner} ${container}`).digest("hex").slice(0, 8)}`;
}

/** What the ways into a chain have for a comment. */
export function ruleComment({ owner, id }: Pick<FirewallPlan, "owner" | "id">): string {
  return `lathe:${owner}:${id}`;
}

/** The chain of a bridge. */
export function chainName(bridge: string): string {
  return bridge.toUpperCase();
}

/**
 * The rules that let only some addresses at a server.
 *
 * Docker leads published ports past INPUT, through FORWARD and there first through DOCKER-USER: the rule there takes all
 * that goes into the server's bridge, by its port or by a route straight to its container. INPUT has the same for what
 * Docker's own proxy process answers (IPv6, and hosts whose Docker sets no rules). The host's own processes are not asked.
 * Pure.
 */
export function firewallRules({ owner, id, bridge, ports, bind, allow }: FirewallPlan): ChainRules[] {
  const { chain, comment, intoBridge } = partsOf({ owner, id, bridge });
  const family = (v6: boolean): ChainRules => {
    const everywhere = v6 ? "::" : "0.0.0.0";
    const bound = bind.filter((ip) => isIPv6(ip) === v6 && !/^127\.|^::1$/.test(ip));
    const input = bound.map((ip) => [
      ...["INPUT", "!", "-i", "lo", ...(ip === everywhere ? [] : ["-d", ip]), "-p", "tcp"],
      ...["-m", "multiport", "--dports", ports.join(","), ...comment, "-j", chain],
    ]);
    return {
      tool: v6 ? "ip6tables" : "iptables",
      table: "filter",
      // Refused, not dropped: a client that was forgotten in the list is told so at once.
      restore: restoreText("filter", chain, allow, v6, "-p tcp -j REJECT --reject-with tcp-reset"),
      jumps: v6 ? input : [["DOCKER-USER", ...intoBridge], ...input],
    };
  };
  return [family(false), family(true)];
}

/**
 * The same in another table, which is asked after the first: Docker (20.10 and later) removes the jump into DOCKER-USER and
 * sets it again whenever somebody makes a network on the host, and a connection made in the milliseconds between stays. Who
 * comes this far is dropped, because no other table can refuse. Docker's proxy process needs none: INPUT stays as it is. Pure.
 */
export function secondDoor({ owner, id, bridge, allow }: FirewallPlan): ChainRules {
  const { chain, intoBridge } = partsOf({ owner, id, bridge });
  return {
    tool: "iptables",
    table: "security",
    restore: restoreText("security", chain, allow, false),
    jumps: [["FORWARD", ...intoBridge]],
  };
}

/** What both tables have: the chain, the comment of the jumps into it, and the jump for all that goes into the bridge. */
function partsOf({ owner, id, bridge }: Pick<FirewallPlan, "owner" | "id" | "bridge">) {
  const chain = chainName(bridge);
  const comment = ["-m", "comment", "--comment", ruleComment({ owner, id })];
  return { chain, comment, intoBridge: ["-o", bridge, "!", "-i", bridge, ...comment, "-j", chain] };
}

/** @param more what becomes of those who are not let in, before they are dropped */
function restoreText(
  table: ChainRules["table"],
  chain: string,
  allow: readonly string[],
  v6: boolean,
  ...more: string[]
): string {
  const letIn = allow.filter((net) => net.includes(":") === v6).map((net) => `-s ${net} -j RETURN`);
  const rules = ["-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN", ...letIn, ...more, "-j DROP"];
  return [`*${table}`, `:${chain} - [0:0]`, ...rules.map((rule) => `-A ${chain} ${rule}`), "COMMIT", ""].join("\n");
}
