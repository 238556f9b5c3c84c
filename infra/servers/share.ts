import { readSettings } from "../config/replicas.ts";
import type { HostFacts } from "../hosts/facts.ts";
import { shareOf, threadPlan } from "../threads.ts";
import type { ServerKind, SettingsPlan } from "./kind.ts";

/* The settings of a server that has replicas. All of it is pure. */

/** A server's settings as its config was read: its kind's own, and how many replicas; absent: one. */
interface Shared {
  readonly settings: unknown;
  readonly replicas?: number | undefined;
}

/**
 * A server's settings for one of its replicas, on its share of the machine.
 *
 * @param replica its number, from 1
 * @throws UserError if there is not a core for each
 */
export function sharedPlan(
  kind: Pick<ServerKind, "settingsFor">,
  { settings, replicas = 1 }: Shared,
  replica: number,
  facts: HostFacts,
): SettingsPlan<unknown> {
  const plan = kind.settingsFor(shareOf(facts, replica - 1, replicas), settings);
  if (replicas === 1) return plan;
  const reason = `${replicas} replicas share the cores. Of each: ${plan.placement.reason}`;
  return { ...plan, placement: { ...plan.placement, reason } };
}

/** The same for every replica, from what a config says; undefined if the kind refuses it, or there is not a core for each. */
export function sharedPlans(
  kind: Pick<ServerKind, "settings" | "settingsFor">,
  wanted: Readonly<Record<string, unknown>>,
  facts: HostFacts,
): SettingsPlan<unknown>[] | undefined {
  const read = readSettings(kind.settings, wanted);
  const { replicas = 1, issues } = read;
  if (issues.length > 0 || replicas > threadPlan(facts, { pin: "none" }).physicalCores) return undefined;
  return Array.from({ length: replicas }, (_, before) => sharedPlan(kind, read, before + 1, facts));
}
