import { formatTable } from "../../lib/table.ts";
import { STANDS_FOR } from "../../lab/state.ts";
import { SMALL_SERVER } from "./image.ts";
import { PHASES, judge, ratio, standings, type Lap } from "./race.ts";

/** The benchmark's result for people. */
export function reportText(laps: readonly Lap[], about: { readonly ansible: string; readonly cores: number }): string {
  const all = standings(laps);
  const right = (title: string) => ({ title, align: "right" as const });
  const times = formatTable(
    [
      ...[right("hosts"), "contender", right("rounds")],
      ...PHASES.flatMap((phase) => [`${phase}\ns`, "\nCPU", "hosts'\nCPU"].map(right)),
    ],
    all.map((s) => [
      `${s.hosts}`,
      s.contender,
      `${s.rounds}`,
      ...PHASES.flatMap((phase) => {
        const { seconds, cpuSeconds, hostCpuSeconds } = s.phases[phase];
        return [seconds, cpuSeconds, hostCpuSeconds].map((value) => value.toFixed(1));
      }),
    ]),
  );
  const ratios = formatTable(
    [right("hosts"), "lathe against", ...PHASES.map(right)],
    all
      .filter((s) => s.contender !== "lathe")
      .map((s) => [
        `${s.hosts}`,
        s.contender,
        ...PHASES.map((phase) => {
          const spread = ratio(laps, s.contender, s.hosts, phase);
          if (spread === undefined) return "–";
          return `${spread.median.toFixed(2)} (${spread.min.toFixed(2)}–${spread.max.toFixed(2)})`;
        }),
      ]),
  );
  const goals = judge(laps);
  const verdicts = formatTable(
    ["goal", right("measured"), right("at most"), ""],
    goals.map((v) => [v.title, v.measured.toFixed(2), v.limit.toFixed(2), v.met ? "met" : "MISSED"]),
  );
  return [
    `Time to bring a fleet up, up again with nothing changed, and down: medians, ${about.cores} processors for everything. CPU: seconds of a processor, of the contender's own programs and of all that ran on the hosts.`,
    times,
    "Lathe's time as a share of theirs, round by round (median, least–most; below 1: Lathe is faster)",
    ratios,
    ...(goals.length > 0 ? [verdicts] : []),
    `Ansible is ansible-core ${about.ansible} with a fork a host, shared connections and pipelining. ${SMALL_SERVER} ${STANDS_FOR}`,
  ].join("\n\n");
}
