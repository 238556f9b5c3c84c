import { type MachineScore, measureScore } from "../../infra/hosts/score.ts";
import type { Machine } from "../../infra/outputs.ts";
import { messageOf } from "../../lib/errors.ts";

/**
 * Measures how fast machines are, at the same time; those that look like parts of one machine one after the other, as they would share its
 * cores. Never rejects.
 *
 * @param measure replaced in tests
 */
export async function machineScores(
  machines: readonly Machine[],
  measure: typeof measureScore = measureScore,
): Promise<Record<string, MachineScore>> {
  const hardware = ({ facts }: Machine) => `${facts.kernel} ${facts.cpu.model} ${facts.cpu.logical.length}`;
  const scores: Record<string, MachineScore> = {};
  await Promise.all(
    [...Map.groupBy(machines, hardware).values()].map(async (alike) => {
      for (const { id, ssh } of alike)
        scores[id] = await measure(ssh).catch((error: unknown) => ({ unmeasured: firstLine(messageOf(error)) }));
    }),
  );
  return Object.fromEntries(machines.flatMap(({ id }) => (scores[id] === undefined ? [] : [[id, scores[id]]])));
}

const firstLine = (text: string) => text.split("\n")[0] ?? "";
