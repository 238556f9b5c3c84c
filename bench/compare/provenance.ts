import type { RunManifest } from "../manifest.ts";

/** Something that the two runs do not have in common. */
export interface Difference {
  /** What: `edge: CPU`. */
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** What bears on latency and is written down of each run, by a name for people. */
function factsOf(m: RunManifest): Map<string, string> {
  const facts = new Map<string, unknown>([
    [
      "Lathe",
      `${m.lathe.version}, commit ${m.lathe.commit ?? "unknown"}${m.lathe.dirty === true ? " with changes" : ""}`,
    ],
    ["client program (agent)", m.lathe.agent],
    ["Node", m.lathe.node],
    ["timed region", m.timedRegion],
    ["client kinds", m.clientKinds.join(", ")],
    ["limits", JSON.stringify(m.limits)],
  ]);
  for (const image of m.images) facts.set(`${image.name}: SHA-256`, image.sha256);
  for (const d of m.deployments) {
    facts.set(`${d.role}: CPU`, d.facts.cpu.model);
    facts.set(`${d.role}: CPUs allowed`, d.facts.cpu.allowed.join(","));
    facts.set(`${d.role}: CPU quota`, d.facts.cpu.quotaCpus ?? "none");
    facts.set(`${d.role}: memory bytes`, d.facts.memoryBytes);
    facts.set(`${d.role}: kernel`, d.facts.kernel);
    facts.set(`${d.role}: system`, d.facts.os);
    facts.set(`${d.role}: Docker`, d.facts.docker.version);
    facts.set(`${d.role}: server`, `${d.server.kind}${d.server.standIn ? " (stand-in)" : ""}`);
    facts.set(`${d.role}: image`, d.server.image);
    for (const model of d.models)
      facts.set(`${d.role}: model ${model.name}`, `version ${model.version}, ${model.sha256}`);
    const back = m.readBack[d.role];
    if (back === undefined || "unread" in back) {
      facts.set(`${d.role}: settings read back`, back?.unread ?? "not asked");
      continue;
    }
    facts.set(`${d.role}: settings read back`, "yes");
    facts.set(`${d.role}: container's cpuset`, back.cpuSet || "none");
    facts.set(`${d.role}: container's memory limit`, back.memoryBytes);
    for (const [name, value] of Object.entries(back.env)) facts.set(`${d.role}: ${name}`, value);
  }
  return new Map([...facts].map(([what, value]) => [what, String(value)]));
}

/** Every written fact in which two runs differ, in the order of the manifest. Times and ids are not facts of this kind. */
export function provenanceDifferences(a: RunManifest, b: RunManifest): Difference[] {
  const [left, right] = [factsOf(a), factsOf(b)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((what) => {
    const [x, y] = [left.get(what) ?? "–", right.get(what) ?? "–"];
    return x === y ? [] : [{ what, a: x, b: y }];
  });
}
