import { availableParallelism } from "node:os";
import { needPrograms } from "../../lab/debian/needs.ts";
import { labDown } from "../../lab/index.ts";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { say } from "../../lib/output.ts";
import { progress } from "../../lib/progress.ts";
import { ensureToolchain } from "../../toolchain/index.ts";
import { FLEET } from "../options.ts";
import { ansiblePlaybook } from "./ansible.ts";
import { makeBed } from "./bed.ts";
import { ansible, lathe, shell, writeSteps, type Contender } from "./contenders.ts";
import { judge, race, standings } from "./race.ts";
import { reportText } from "./report.ts";

/** `lathe selfbench fleet`. */
export async function benchFleet(values: Values<typeof FLEET>): Promise<number> {
  const { hosts: counts, rounds, name } = values;
  const tell = progress();
  await needPrograms(["curl"], tell);
  await ensureToolchain(tell);
  const playbook = await ansiblePlaybook(tell);
  const bed = await makeBed(name, Math.max(...counts), tell);
  try {
    const ours = lathe(bed);
    tell.step("One lap that does not count, to warm caches");
    await ours.run("up", 1);
    await writeSteps(bed);
    await ours.run("down", 1);
    const others = [ansible(bed, playbook.command), shell(bed, "one-by-one"), shell(bed, "at-once")];
    const all: Contender[] = [ours, ...others];
    for (const other of others) for (const verb of ["up", "down"] as const) await other.run(verb, 1);
    for (const count of counts) await ours.run("down", count);
    tell.done();
    const laps = await race(name, all, counts, rounds, tell);
    const about = { ansible: playbook.version, cores: availableParallelism() };
    const verdicts = judge(laps);
    say("");
    const document = { about, standings: standings(laps), verdicts, laps };
    printResult(FLEET.json, values.json, reportText(laps, about), document);
    return values.check === true && verdicts.some((v) => !v.met) ? 1 : 0;
  } finally {
    await bed.remove();
    if (values.keep !== true) await labDown(name, tell);
  }
}
