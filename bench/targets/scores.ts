import { machineScore } from "../../infra/hosts/kept-score.ts";
import type { MachineScore } from "../../infra/hosts/score.ts";
import type { Machine } from "../../infra/outputs.ts";
import { messageOf } from "../../lib/errors.ts";

/**
 * How fast machines are: measured at the same time, but one after the other if they look like parts of one machine, because they would share
 * its cores. A score is measured once for each start of a machine. Never rejects.
 *
 * @param scoreOf replaced in tests
 */
export async function machineScores(
  machines: readonly Machine[],
  scoreOf: typeof machineScore = machineScore,
): Promise<Record<string, MachineScore>> {
  const hardware = ({ facts }: Machine) => `${facts.kernel} ${facts.cpu.model} ${facts.cpu.logical.length}`;
  const scores: Record<string, MachineScore> = {};
  await Promise.all(
    [...Map.groupBy(machines, hardware).values()].map(async (alike) => {
      for (const { id, ssh, facts } of alike)
        scores[id] = await scoreOf(ssh, facts).catch((error: unknown) => ({ unmeasured: firstLine(messageOf(error)) }));
    }),
  );
  return Object.fromEntries(machines.flatMap(({ id }) => (scores[id] === undefined ? [] : [[id, scores[id]]])));
}

const firstLine = (text: string) => text.split("\n")[0] ?? "";
