import { isDeepStrictEqual } from "node:util";
import { apisOf, type Server } from "../../infra/outputs.ts";
import type { Cell } from "../matrix/cell.ts";
import { containersIn, type RunManifest } from "../records/manifest.ts";
import { once } from "../stats/math/memo.ts";
import { differencesText } from "../targets/setup-diff.ts";

/** Something that the two runs do not have in common. */
export interface Difference {
  /** What: `edge: CPU`. */
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** What bears on latency and is written down of each run, by a name for people. */
function factsOf(m: RunManifest): Map<string, string> {
  const { version, commit, dirty } = m.lathe;
  const facts = new Map<string, unknown>([
    ["Lathe", `${version}, commit ${commit ?? "unknown"}${dirty === true ? " with changes" : ""}`],
    ["client program (agent)", m.lathe.agent],
    ["Node", m.lathe.node],
    ["timed region", m.timedRegion],
    ["client kinds", m.clients.join(", ")],
    ["limits", JSON.stringify(m.limits)],
    ["remarks", m.remarks.length === 0 ? "none" : m.remarks.join(" ")],
  ]);
  for (const { fromRound, differences } of m.sessions ?? [])
    facts.set(`resumed, from round ${fromRound} on`, differencesText(differences));
  for (const image of m.images) facts.set(`${image.name}: SHA-256`, image.sha256);
  for (const { id, facts: own } of m.machines) {
    facts.set(`${id}: CPU`, own.cpu.model);
    facts.set(`${id}: CPUs allowed`, own.cpu.allowed.join(","));
    facts.set(`${id}: CPU quota`, own.cpu.quotaCpus ?? "none");
    facts.set(`${id}: memory bytes`, own.memoryBytes);
    facts.set(`${id}: kernel`, own.kernel);
    facts.set(`${id}: system`, own.os);
    facts.set(`${id}: Docker`, own.docker.version);
  }
  for (const server of m.servers) for (const [what, value] of serverFacts(server, m)) facts.set(what, value);
  return new Map([...facts].map(([what, value]) => [what, String(value)]));
}

/** What is written down of one server. */
function serverFacts(server: Server, { readBack }: RunManifest): [what: string, value: unknown][] {
  const { id } = server;
  const endpoints = server.endpoints.map((e) => `${apisOf(e).join("+")} ${e.protocol} ${e.security}`);
  const facts: [string, unknown][] = [
    ["server", `${server.kind}${server.standIn ? " (stand-in)" : ""}`],
    ["image", server.image],
    ...(server.note === undefined ? [] : [["image's note", server.note] as [string, unknown]]),
    ["build", server.build],
    ["access", `${server.access.expose}, ${endpoints.join(", ")}`],
    ...server.models.map((m): [string, unknown] => [`model ${m.name}`, `version ${m.version}, ${m.sha256}`]),
  ];
  const back = readBack[id];
  const seen = back !== undefined && "env" in back ? back.env : {};
  facts.push(...Object.entries({ ...server.settings, ...seen }));
  const all = containersIn(back) ?? [];
  if (back === undefined || "unread" in back) facts.push(["settings read back", back?.unread ?? "not asked"]);
  else
    facts.push(
      ["settings read back", "yes"],
      ["container's image", back.imageId],
      ...(all.length > 1 ? [["replicas", all.length] as [string, unknown]] : []),
      ["container's cpuset", all.map(({ cpuSet }) => cpuSet || "none").join(" and ")],
      ["container's CPU limit (nano CPUs)", back.nanoCpus || "none"],
      ["container's memory limit", back.memoryBytes],
    );
  return facts.map(([what, value]) => [`${id}: ${what}`, value]);
}

/** Every written fact in which two runs differ, in the order of the manifest. Times and ids are not facts of this kind. */
export function provenanceDifferences(a: RunManifest, b: RunManifest): Difference[] {
  const [left, right] = [factsOf(a), factsOf(b)];
  const facts = [...new Set([...left.keys(), ...right.keys()])].flatMap((what) => {
    const [x, y] = [left.get(what) ?? "–", right.get(what) ?? "–"];
    return x === y ? [] : [{ what, a: x, b: y }];
  });
  return [...facts, ...limitDifferences(a.cells, b.cells)];
}

/** Cells' own limits, one line for all cells that differ in the same way. */
function limitDifferences(a: readonly Cell[], b: readonly Cell[]): Difference[] {
  const limits = (cell: Cell) => (cell.limits === undefined ? "the run's" : JSON.stringify(cell.limits));
  const after = new Map(b.map((c) => [c.id, limits(c)]));
  const differ = a.flatMap((c) => {
    const [x, y] = [limits(c), after.get(c.id)];
    return y === undefined || x === y ? [] : [{ id: c.id, a: x, b: y }];
  });
  return [...Map.groupBy(differ, (d) => `${d.a}|${d.b}`).values()].flatMap((same) => {
    const [first] = same;
    const cells = same.length === 1 ? "" : `${same.length} cells, such as `;
    return first === undefined ? [] : [{ what: `limits of ${cells}${first.id}`, a: first.a, b: first.b }];
  });
}

/** Why no time of one run can be compared with one of the other; null if they can. */
export function whyNotComparable(a: RunManifest, b: RunManifest): string | null {
  return a.timedRegion === b.timedRegion
    ? null
    : `what is inside of the timed region is not the same: A "${a.timedRegion}", B "${b.timedRegion}"`;
}

/** In what cells of one id may differ all the same, in words. */
export const OTHER_INPUT = "another photograph, trace or link";

/**
 * Ids of the cells that are not called alike in both runs: their photograph, or the trace or link of that name, is another one. Their
 * latencies and failures say nothing of a change.
 */
export const otherwiseCalled = (a: RunManifest, b: RunManifest): ReadonlySet<string> => othersBetween(a)(b);

const othersBetween = once((a: RunManifest) =>
  once((b: RunManifest): ReadonlySet<string> => {
    const photographs = ({ images }: RunManifest) => new Map(images.map((i) => [i.name, i.sha256]));
    const [before, after] = [photographs(a), photographs(b)];
    const other = (image: string) => after.has(image) && before.get(image) !== after.get(image);
    const called = ({ load, link }: Cell) => ({ load, link });
    const cells = new Map(b.cells.map((c) => [c.id, c]));
    const others = a.cells.filter((c) => other(c.image) || !isDeepStrictEqual(called(cells.get(c.id) ?? c), called(c)));
    return new Set(others.map((c) => c.id));
  }),
);

/** Models on servers (`modelKey`) that are not the same in both runs. */
export function otherModels(a: RunManifest, b: RunManifest): Set<string> {
  const models = (m: RunManifest) =>
    new Map(m.servers.flatMap((s) => s.models.map((model) => [`${s.id} ${model.name}`, model.sha256] as const)));
  const after = models(b);
  return new Set([...models(a)].filter(([key, sha]) => after.has(key) && after.get(key) !== sha).map(([key]) => key));
}
