import { availableParallelism } from "node:os";
import { needPrograms } from "../../lab/debian/needs.ts";
import { labDown } from "../../lab/index.ts";
import { runCommand } from "../../lib/cli.ts";
import { UserError } from "../../lib/errors.ts";
import { progress } from "../../lib/progress.ts";
import { ensureToolchain } from "../../toolchain/index.ts";
import { ansiblePlaybook } from "./ansible.ts";
import { makeBed } from "./bed.ts";
import { ansible, lathe, shell, writeSteps, type Contender } from "./contenders.ts";
import { judge, race, standings } from "./race.ts";
import { reportText } from "./report.ts";

await runCommand(
  {
    name: "npm run bench:fleet --",
    summary:
      "Measure `npm run up` and `npm run down` against an Ansible playbook and a shell loop that do the same work.",
    options: {
      hosts: { type: "string", value: "1,4,16", help: "numbers of hosts to measure", default: "1,4,16" },
      rounds: { type: "string", value: "N", help: "rounds; each contender runs once in every round", default: "3" },
      name: { type: "string", value: "LAB", help: "name of the lab that is made for it", default: "lathe-fleet" },
      keep: { type: "boolean", help: "leave the lab up, so that the next run begins at once" },
      json: { type: "boolean", help: "print the report as JSON on stdout" },
      check: { type: "boolean", help: "exit with code 1 where a goal is missed" },
    },
    details: [
      "The work, on each host: read its facts; a folder with the list of models; a model's archive, delivered with its " +
        "SHA-256 checked and renamed into place; an image pulled by digest; a container with the settings that Lathe's own " +
        "has; a gate (the model is AVAILABLE and answers a predict). Then the same again with nothing changed, then all of " +
        "it away. Lathe asks more in its gate: gRPC and REST, and the settings read back from inside the container.",
      "Contenders take turns in an order that rotates, each from and to empty hosts; a ratio is made of two contenders' " +
        "times in the same round. A first lap with one host warms caches and does not count. It took 13 minutes on two quiet cores.",
      "Needs root, as the lab does; Ansible comes from PyPI into an environment of its own.",
    ],
    examples: [
      ["npm run bench:fleet", "1, 4 and 16 hosts"],
      ["npm run bench:fleet -- --hosts 1 --rounds 1 --keep", "a quick look"],
    ],
  },
  async (values) => {
    const counts = (values.hosts ?? "").split(",").map((text) => whole("--hosts", text));
    const rounds = whole("--rounds", values.rounds ?? "");
    const name = values.name ?? "";
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
      process.stderr.write(`\n${reportText(laps, about)}\n`);
      const verdicts = judge(laps);
      if (values.json === true)
        process.stdout.write(`${JSON.stringify({ about, standings: standings(laps), verdicts, laps }, null, 2)}\n`);
      return values.check === true && verdicts.some((v) => !v.met) ? 1 : 0;
    } finally {
      await bed.remove();
      if (values.keep !== true) await labDown(name, tell);
    }
  },
);

function whole(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UserError({ what: `${option}: "${text}"`, expected: "a whole number, 1 or more" });
}
