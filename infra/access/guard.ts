import type { AccessConfig } from "./config.ts";
import type { GuardPlace, HostFirewall } from "../hosts/firewall.ts";
import { isOpenOutside } from "./bind.ts";
import { chainName, networkName } from "./firewall-rules.ts";

/** The first Docker release whose engine lets no neighbour route to what is published on loopback alone. */
const CLOSED_SINCE = 28;

/** How a server is guarded. */
export interface Guard {
  /** How often its rules had to be set: another number sets them again. Null: the host's firewall has none for it. */
  readonly setting: number | null;
  /** What a person must know. */
  readonly warnings: readonly string[];
}

/** Whether a config may need firewall rules, so that the host must be asked about them. */
export function asksForGuard({ expose, allowFrom }: Pick<AccessConfig, "expose" | "allowFrom">): boolean {
  return expose === "tunnel" || allowFrom.length > 0;
}

/** Of the container of a stack (`PROJECT/STACK`) with that workspace. */
export function guardPlace(owner: string, container: string, workspace: string): GuardPlace {
  return { chain: chainName(networkName(owner, container)), note: `${workspace}/.firewall-${container}` };
}

/** What a server's guard follows from. */
export interface GuardSources {
  readonly config: Pick<AccessConfig, "expose" | "allowFrom">;
  /** The host's addresses that its ports are bound to. */
  readonly bind: readonly string[];
  /** The Docker engine's version. */
  readonly engine: string;
  /** Undefined: it was not asked. */
  readonly firewall: HostFirewall | undefined;
  /** The host's boot. */
  readonly boot: string;
  readonly container: string;
  readonly chain: string;
}

/**
 * Whether the host's firewall guards a server. It does where only some are let in, and where ports are on loopback alone
 * because that was asked for and the engine does not keep to it: before its release 28, Docker forwards what a neighbour
 * routes straight to a container, to whatever address the port is bound. An engine that is not known is not trusted. Pure.
 */
export function planGuard(sources: GuardSources): Guard {
  const { config, bind, engine, firewall, container } = sources;
  const outside = isOpenOutside(bind);
  // An engine that is still to be installed brings iptables, and only root installs it.
  const may = engine === "none" ? "yes" : (firewall?.may ?? "no-root");
  const leaks = asksForGuard(config) && !outside && letsNeighboursIn(engine) && may !== "rootless";
  if (leaks && may !== "yes") return { setting: null, warnings: [openToNeighbours(sources, may)] };
  if (!leaks && (!outside || config.allowFrom.length === 0)) return { setting: null, warnings: [] };
  const { setting, lost } = settingOf(sources);
  const gone =
    `the firewall's rules for container ${container} were gone or changed, and not by a reboot (iptables -F? ` +
    "firewall-cmd --reload?): it may have been open to those whom they keep out. `npx lathe up` sets them again";
  return { setting, warnings: lost ? [gone] : [] };
}

/** Whether an engine of that version forwards what a neighbour routes to a container whose ports are on loopback alone. */
export function letsNeighboursIn(engine: string): boolean {
  return !(parseInt(engine) >= CLOSED_SINCE);
}

function openToNeighbours({ container, engine, config }: GuardSources, may: HostFirewall["may"]): string {
  const [why, fix] =
    may === "no-iptables"
      ? ["it has no iptables", "iptables (sudo apt-get install iptables)"]
      : ["its SSH user is neither root nor has sudo without a password", "sudo without a password for that user"];
  const key = config.expose === "tunnel" ? "lathe:expose tunnel" : "lathe:allowFrom";
  return (
    `${key} does not keep neighbours out of container ${container}: whoever is on the machine's network and routes ` +
    `to the container reaches its ports, though they are on loopback. Docker ${engine} (before 28) forwards such calls, and ` +
    `Lathe can set no firewall rule against them (${why}). To close it: Docker 28 or newer there, or ${fix}; then npx lathe up`
  );
}

/**
 * How often a server's rules had to be set, the coming time included where they are not as they were set. What cannot be
 * looked at is taken to be as it was.
 */
function settingOf({ firewall, chain, boot }: GuardSources): { setting: number; lost: boolean } {
  const [head = "", ...rules] = firewall?.noted[chain] ?? [];
  const [count, ofBoot] = head.split(" ");
  // None noted: none was set yet, or before rules were noted.
  const setting = /^[1-9]\d{0,8}$/.test(count ?? "") ? Number(count) : 1;
  if (head === "" || firewall?.may !== "yes") return { setting, lost: false };
  const own = (lines: readonly string[]) => lines.filter((line) => line.includes(chain)).sort();
  const asSet = JSON.stringify(own(firewall.now)) === JSON.stringify(own(rules));
  // A flush takes Docker's way into its own chain, too; Docker sets it again at its next start.
  const parent = firewall.now.includes("iptables -A FORWARD -j DOCKER-USER") ? "DOCKER-USER" : "FORWARD";
  const leads = own(rules).some((line) => line.startsWith(`iptables -A ${parent} `));
  return asSet && leads ? { setting, lost: false } : { setting: setting + 1, lost: ofBoot === boot };
}
