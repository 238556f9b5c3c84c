import type { AccessConfig } from "../infra/access/config.ts";
import { REPLICAS } from "../infra/config/replicas.ts";
import type { HostFacts } from "../infra/hosts/facts.ts";
import type { Placement } from "../infra/outputs.ts";
import type { ContainerSpec, Knob, KnobValue, ModelToServe, ServerKind } from "../infra/servers/kind.ts";
import { sharedPlans } from "../infra/servers/share.ts";
import { shareOf } from "../infra/threads.ts";
import { type Fault, UserError } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { show } from "../lib/show.ts";
import type { Arm } from "./race/types.ts";

/* Which settings a tuning tries. All functions here are pure. */

/** The knobs that a user has chosen, and the values of each; null: the kind's own values. */
export type Only = readonly { readonly knob: string; readonly values: readonly KnobValue[] | null }[];

/** `lathe:settings`, by its keys. */
export type SettingsMap = Readonly<Record<string, unknown>>;

/** A container with an arm's settings. */
export interface Container {
  readonly spec: ContainerSpec;
  readonly placement: Placement;
}

/** One arm, and the containers that have its settings. */
export interface Trial extends Container {
  readonly arm: Arm;
  /** The settings that the config would get for it, besides the user's own. */
  readonly found: Readonly<Record<string, KnobValue>>;
  /** Its further replicas. */
  readonly replicas: readonly Container[];
}

export interface Space {
  readonly knobs: readonly Pick<Knob, "name" | "help" | "rule">[];
  /** The rule first. */
  readonly trials: readonly Trial[];
}

/** The sources of a space. */
export interface SpaceSources {
  readonly kind: ServerKind;
  readonly facts: HostFacts;
  readonly models: readonly ModelToServe[];
  readonly access: AccessConfig;
  /** `lathe:settings` without what an earlier tuning has set. */
  readonly base: SettingsMap;
  /** Of the endpoint that is called. */
  readonly protocol: string;
  /** Whether calls overlap. */
  readonly overlap: boolean;
  readonly only?: Only | undefined;
}

/** The most arms that a race can compare in a sensible time. */
export const MOST_ARMS = 400;
export const RULE = "rule";

/** Reads `--only`: `threads=1..4 pin=none,physical interOp`. @returns undefined if the text is of another form */
export function readOnly(text: string): Only | undefined {
  const parts = text.trim().split(/\s+/);
  const read = parts.map((part) => {
    const [, knob, values] = /^([A-Za-z]\w{0,40})(?:=([\w.,-]{1,400}))?$/.exec(part) ?? [];
    if (knob === undefined) return undefined;
    const all = values?.split(",").map(valuesOf);
    return all?.includes(undefined) === true ? undefined : { knob, values: all?.flatMap((v) => v ?? []) ?? null };
  });
  const known = read.filter((one) => one !== undefined);
  const names = new Set(known.map(({ knob }) => knob));
  return known.length === read.length && names.size === known.length ? known : undefined;
}

function valuesOf(text: string): KnobValue[] | undefined {
  const [, from, to] = /^(\d{1,5})\.\.(\d{1,5})$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) {
    const count = Number(to) - Number(from) + 1;
    return count > 0 && count <= MOST_ARMS ? Array.from({ length: count }, (_, i) => Number(from) + i) : undefined;
  }
  if (text === "") return undefined;
  return [/^\d{1,9}$/.test(text) ? Number(text) : text];
}

/**
 * The arms of a tuning on a machine, the rule first: all combinations of knobs that may depend on each other, and other knobs one at a
 * time. Left out are settings that the kind refuses, and those that come to a container that another arm has.
 *
 * @throws UserError if `only` names a knob or value that the kind does not have, or if only the rule is left
 */
export function spaceOf(sources: SpaceSources): Space {
  const { kind, only } = sources;
  const offered = offeredBy(sources);
  const knobs = only === undefined ? offered : narrowed(sources, offered, only);
  const keys = new Set(knobs.flatMap((knob) => knob.values.flatMap((value) => Object.keys(knob.settings(value)))));
  const kept = Object.fromEntries(Object.entries(sources.base).filter(([key]) => !keys.has(key)));
  const seen = new Set<string>();
  const trials = combinations(knobs).flatMap(({ values, applied }, i): Trial[] => {
    const isRule = i === 0;
    const found = Object.assign({}, ...applied.map((k) => k.settings(values[k.name] as KnobValue))) as Trial["found"];
    const [first, ...replicas] = plannedContainers(sources, { ...kept, ...(isRule ? {} : found) });
    const all = [first, ...replicas].map((one) => [one?.spec, one?.placement.cpuSet, one?.placement.memorySet]);
    const key = JSON.stringify(all);
    if (first === undefined || seen.has(key)) return [];
    seen.add(key);
    return [{ arm: { id: isRule ? RULE : idOf(knobs, values), settings: values, isRule }, found, ...first, replicas }];
  });
  if (trials[0]?.arm.isRule !== true)
    throw new UserError({
      what: `the config's settings cannot be used with the rule of ${kind.name}`,
      fix: "npx lathe up, which says why",
    });
  checkSize(kind, trials.length, offered);
  return { knobs: knobs.map(({ name, help, rule }) => ({ name, help, rule })), trials };
}

/** The knobs that can act on these calls. Without a knob for replicas, those that the user has set share the machine. */
function offeredBy({ kind, facts, base, protocol, overlap, only }: SpaceSources): Knob[] {
  const on = (share: HostFacts) =>
    (kind.knobs?.(share) ?? []).filter((k) => (k.protocol ?? protocol) === protocol && (overlap || k.overlap !== true));
  const own = sharedPlans(kind, base, facts)?.length ?? 1;
  const whole = on(facts);
  const isTried = ({ name }: Knob) => name === REPLICAS && (only?.some((one) => one.knob === name) ?? true);
  if (own === 1 || whole.some(isTried)) return whole;
  return on(shareOf(facts, 0, own)).filter(({ name }) => name !== REPLICAS);
}

function checkSize(kind: ServerKind, count: number, offered: readonly Knob[]): void {
  if (count < 2)
    throw new UserError({
      what: "there is nothing to try on this machine: all settings come to the same container",
      ...(offered.length === 0 ? { expected: `a server kind with knobs: ${kind.name} has none here` } : {}),
    });
  if (count > MOST_ARMS)
    throw new UserError({
      what: `${count} combinations of settings`,
      expected: `${MOST_ARMS} at most: try fewer with --only`,
      fix: `npx lathe tune --only "${offered[0]?.name ?? "threads"}=1..8" (the knobs: ${offered.map((k) => k.name).join(", ")})`,
    });
}

function narrowed({ kind, facts }: SpaceSources, offered: readonly Knob[], only: Only): Knob[] {
  const names = offered.map(({ name }) => name);
  const faults: Fault[] = [];
  const knobs = only.flatMap(({ knob: name, values }): Knob[] => {
    const knob = offered.find((one) => one.name === name);
    if (knob === undefined) {
      const near = nearest(name, names);
      const expected = near === undefined ? names.join(", ") || "a kind with knobs" : `did you mean ${near}?`;
      faults.push({ what: `--only: ${kind.name} on this machine has no knob "${show(name, 60)}"`, expected });
      return [];
    }
    if (values === null) return [knob];
    const wrong = values.filter((v) => v !== knob.rule && sharedPlans(kind, knob.settings(v), facts) === undefined);
    if (wrong.length > 0) {
      const what = `--only: ${name}=${wrong.map((v) => show(`${v}`, 60)).join(",")}`;
      faults.push({ what, expected: `values as ${knob.values.join(", ")}` });
    }
    const { fits: _any, ...own } = knob;
    return [{ ...own, values: [...new Set([knob.rule, ...values])] }];
  });
  if (faults.length > 0) throw new UserError(faults);
  return knobs;
}

/** All combinations of knobs' values, each with the knobs that it sets. The first is the rule, which sets none. */
function combinations(knobs: readonly Knob[]) {
  const rule = Object.fromEntries(knobs.map((knob) => [knob.name, knob.rule]));
  const together = knobs.filter((knob) => knob.alone !== true);
  let grid: Record<string, KnobValue>[] = [rule];
  for (const { name, values } of together)
    grid = grid.flatMap((values_) => values.map((value) => ({ ...values_, [name]: value })));
  const isRule = (values: Record<string, KnobValue>) => knobs.every(({ name, rule: own }) => values[name] === own);
  const fits = (values: Record<string, KnobValue>) =>
    knobs.every((knob) => knob.fits?.(values[knob.name] as KnobValue, values) ?? true);
  return [
    { values: rule, applied: [] as Knob[] },
    ...grid.filter((values) => !isRule(values) && fits(values)).map((values) => ({ values, applied: together })),
    ...knobs
      .filter((knob) => knob.alone === true)
      .flatMap((knob) =>
        knob.values
          .filter((value) => value !== knob.rule)
          .map((value) => ({ values: { ...rule, [knob.name]: value }, applied: [knob] })),
      ),
  ];
}

const idOf = (knobs: readonly Knob[], values: Readonly<Record<string, KnobValue>>): string =>
  knobs
    .flatMap(({ name, rule, alone }) => (alone === true && values[name] === rule ? [] : [`${name}=${values[name]}`]))
    .join(" ");

/** The containers of some settings, one for each replica; none if the kind refuses them. */
function plannedContainers({ kind, facts, models, access }: SpaceSources, wanted: SettingsMap): Container[] {
  return (sharedPlans(kind, wanted, facts) ?? []).map(({ settings, placement }) => ({
    ...{ spec: kind.container(models, settings, access), placement },
  }));
}
