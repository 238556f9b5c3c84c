import { groupSeconds } from "../../lab/hosts/cgroups.ts";
import { formatSeconds, type Progress } from "../../lib/progress.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import { ratioSpread, type Spread } from "../clients/stats.ts";
import type { Contender } from "./contenders.ts";

/** What each contender does in a round, in this order. */
export const PHASES = ["up", "up again", "down"] as const;
export type Phase = (typeof PHASES)[number];

/** A phase as it was measured. */
export interface Measured {
  readonly seconds: number;
  /** Processor time of the contender's programs on this machine, without the hosts'. */
  readonly cpuSeconds: number;
  /** Processor time of all programs on the hosts meanwhile. */
  readonly hostCpuSeconds: number;
}

/** One contender's round with a number of hosts. */
export interface Lap {
  readonly contender: string;
  readonly hosts: number;
  readonly round: number;
  readonly phases: Readonly<Record<Phase, Measured>>;
}

/** The order of contenders in a round. Each is first as often as any other. */
export function orderOf<T>(all: readonly T[], round: number): T[] {
  return all.map((_, i) => all[(i + round) % all.length] as T);
}

/** Runs all rounds. Each contender leaves the hosts as it found them. */
export async function race(
  lab: string,
  contenders: readonly Contender[],
  hostCounts: readonly number[],
  rounds: number,
  tell: Progress,
): Promise<Lap[]> {
  const laps: Lap[] = [];
  for (const hosts of hostCounts) {
    for (let round = 0; round < rounds; round++) {
      for (const contender of orderOf(contenders, round)) {
        tell.step(`${hosts} ${hosts === 1 ? "host" : "hosts"}, round ${round + 1} of ${rounds}: ${contender.name}`);
        const lap = await lapOf(lab, contender, hosts, round, (phase) => tell.note(phase));
        laps.push(lap);
        tell.done(PHASES.map((phase) => `${phase} ${formatSeconds(lap.phases[phase].seconds)}`).join(", "));
      }
    }
  }
  return laps;
}

async function lapOf(
  lab: string,
  contender: Contender,
  hosts: number,
  round: number,
  note: (phase: Phase) => void,
): Promise<Lap> {
  const phases: Partial<Record<Phase, Measured>> = {};
  for (const phase of PHASES) {
    note(phase);
    const [startedAt, before] = [performance.now(), await groupSeconds(lab)];
    const cpuSeconds = await contender.run(phase === "down" ? "down" : "up", hosts);
    const seconds = (performance.now() - startedAt) / 1000;
    phases[phase] = { seconds, cpuSeconds, hostCpuSeconds: (await groupSeconds(lab)) - before };
  }
  return { contender: contender.name, hosts, round, phases: phases as Record<Phase, Measured> };
}

/** Each contender's figures for each number of hosts: medians over the rounds. */
export function standings(laps: readonly Lap[]) {
  const ran = new Map(laps.map((lap) => [`${lap.hosts} ${lap.contender}`, lap]));
  return [...ran.values()].map(({ contender, hosts }) => {
    const own = lapsOf(laps, contender, hosts);
    const over = (phase: Phase, figure: keyof Measured) => median(own.map((lap) => lap.phases[phase][figure]));
    const measured = (phase: Phase): Measured => ({
      seconds: over(phase, "seconds"),
      cpuSeconds: over(phase, "cpuSeconds"),
      hostCpuSeconds: over(phase, "hostCpuSeconds"),
    });
    const phases = { up: measured("up"), "up again": measured("up again"), down: measured("down") };
    return { contender, hosts, rounds: own.length, phases };
  });
}

function lapsOf(laps: readonly Lap[], contender: string, hosts: number): Lap[] {
  return laps.filter((lap) => lap.contender === contender && lap.hosts === hosts);
}

/** Lathe's time as a share of another contender's in the same round: below 1, Lathe is faster. */
export function ratio(laps: readonly Lap[], against: string, hosts: number, phase: Phase): Spread | undefined {
  const of = (name: string) =>
    lapsOf(laps, name, hosts)
      .sort((a, b) => a.round - b.round)
      .map((lap) => lap.phases[phase].seconds);
  const [ours, theirs] = [of("lathe"), of(against)];
  return ours.length === 0 || ours.length !== theirs.length ? undefined : ratioSpread(ours, theirs);
}

/** Judges the promises about speed, as far as their numbers of hosts were measured. */
export function judge(laps: readonly Lap[]) {
  const verdict = (title: string, measured: number | undefined, limit: number) =>
    measured === undefined ? [] : [{ title, measured, limit, met: measured <= limit }];
  const again = standings(laps).find((s) => s.contender === "lathe" && s.hosts === 16);
  return [
    ...verdict("up of 1 host, against Ansible (ratio)", ratio(laps, "ansible", 1, "up")?.median, 1),
    ...verdict("up of 16 hosts, against Ansible (ratio)", ratio(laps, "ansible", 16, "up")?.median, 0.6),
    ...verdict("up of 16 unchanged hosts (seconds)", again?.phases["up again"].seconds, 10),
  ];
}
