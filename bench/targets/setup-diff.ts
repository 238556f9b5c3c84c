import type { Server } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import {
  type ContainerBack,
  containersIn,
  type Delivered,
  type LatheInfo,
  type RunManifest,
  type RunSession,
  type SessionDifference,
  type verbOf,
} from "../records/manifest.ts";

/** With what calls are made, and what answers them. A change would make a resumed run's provenance wrong. */
export type Setup = Pick<RunSession, "lathe" | "timedRegion" | "readBack" | "delivered">;

/** What the last records of a run were measured with: when it began, or by the last session that found something changed. */
export function lastSetup(manifest: RunManifest): Setup {
  const { lathe, timedRegion, readBack } = manifest;
  const began = {
    ...{ lathe, timedRegion, readBack },
    delivered: Object.fromEntries(manifest.servers.map((s) => [s.id, deployedModels(s)])),
  };
  return (manifest.sessions ?? []).reduce<Setup>(
    (before, { lathe, timedRegion, readBack, delivered }) => ({
      lathe,
      timedRegion,
      readBack: known(before.readBack, readBack),
      delivered: known(before.delivered, delivered),
    }),
    began,
  );
}

/** What is known later goes before; what could not be asked then is as it was. */
function known<T extends object>(before: Readonly<Record<string, T>>, now: Readonly<Record<string, T>>) {
  const read = Object.entries(now).filter(([id, value]) => !("unread" in value) || before[id] === undefined);
  return { ...before, ...Object.fromEntries(read) };
}

/** A server's models as its machine has them: each version with its SHA-256. */
function deployedModels({ models }: Server): Delivered {
  const versions = models.flatMap(({ name, canary, ...live }) =>
    [live, ...(canary === undefined ? [] : [canary])].map((v) => [`${name}/${v.version}`, v.sha256]),
  );
  return { versions: Object.fromEntries(versions) as Record<string, string> };
}

/** What `name/version` lines with SHA-256 say, as the machine printed them. Pure. */
export function parseDelivered(printed: string): Delivered {
  const lines = printed.split("\n").filter((line) => line !== "");
  return { versions: Object.fromEntries(lines.map((line) => line.split(" ") as [string, string])) };
}

/** In what two set-ups differ, for the servers and models that a run asks. What bears on times is marked. Pure. */
export function setupDifferences(before: Setup, now: Setup, cells: RunManifest["cells"]): SessionDifference[] {
  const found: SessionDifference[] = [];
  const differ = (what: string, was: string | number, is: string | number, bears = true) => {
    if (was !== is) found.push({ what, was: String(was), is: String(is), bears });
  };
  differ("client program (agent)", short(before.lathe.agent), short(now.lathe.agent));
  differ("timed region", before.timedRegion, now.timedRegion);
  differ("Lathe", commitOf(before.lathe), commitOf(now.lathe), false);
  differ("Node", before.lathe.node, now.lathe.node, false);
  for (const server of new Set(cells.map((c) => c.server))) {
    const b = now.readBack[server];
    const [was, is] = [containersIn(before.readBack[server]), containersIn(b)];
    if (b !== undefined && "unread" in b) {
      if (was !== undefined) differ(`${server}: container`, "was read back", `not read back: ${b.unread}`, false);
    } else if (was !== undefined && is !== undefined) {
      differ(`${server}: containers`, was.length, is.length);
      for (const [i, one] of was.slice(0, is.length).entries())
        differContainer(differ, i === 0 ? server : `${server}, replica ${i + 1}`, one, is[i] as ContainerBack);
    }
    const [had, has] = [before.delivered[server], now.delivered[server]];
    if (had === undefined || has === undefined || "unread" in had) continue;
    if ("unread" in has) {
      differ(`${server}: models`, "known", `not read back: ${has.unread}`, false);
      continue;
    }
    for (const model of new Set(cells.filter((c) => c.server === server).map((c) => c.model)))
      differ(`${server}: model ${model}`, versionsOf(had.versions, model), versionsOf(has.versions, model));
  }
  return found;
}

function differContainer(
  differ: (what: string, was: string | number, is: string | number, bears?: boolean) => void,
  of: string,
  a: ContainerBack,
  b: ContainerBack,
): void {
  differ(`${of}: container`, short(a.containerId), short(b.containerId), false);
  differ(`${of}: image`, short(a.imageId), short(b.imageId));
  differ(`${of}: cpuset`, a.cpuSet || "none", b.cpuSet || "none");
  differ(`${of}: CPU limit (nanoCpus)`, a.nanoCpus, b.nanoCpus);
  differ(`${of}: memory limit (bytes)`, a.memoryBytes, b.memoryBytes);
  for (const name of new Set([...Object.keys(a.env), ...Object.keys(b.env)]))
    differ(`${of}: ${name}`, a.env[name] ?? "not set", b.env[name] ?? "not set");
}

/** Refuses to go on under another set-up unless asked to. @throws UserError naming what differs and bears on times */
export function noOtherSetup(
  run: string,
  before: Pick<Setup, "lathe">,
  differences: readonly SessionDifference[],
  accept: boolean,
  verb: ReturnType<typeof verbOf> = "bench",
): void {
  const bearing = differences.filter((d) => d.bears);
  if (accept || bearing.length === 0) return;
  throw new UserError(
    bearing.map(({ what, was, is }, i) => ({
      what: `${run}: ${what}: ${is} now, ${was} when it was measured`,
      ...(i < bearing.length - 1
        ? {}
        : {
            expected: "what the records of this run were measured with: a run has one provenance",
            fix:
              `begin a new run (npx lathe ${verb}), or bring back what was (git checkout ${short(before.lathe.commit ?? "COMMIT")}, npx lathe up), or go on all the same: ` +
              `npx lathe ${verb} --resume ${run} --accept-changes (every output then says so)`,
          }),
    })),
  );
}

/** A run's manifest with a session that goes on with it; what bears on what is measured becomes a remark in every output. */
export function withSession(
  manifest: RunManifest,
  now: Setup,
  fromRound: number,
  differences: readonly SessionDifference[],
  at = new Date().toISOString(),
): RunManifest {
  const bearing = differences.filter((d) => d.bears);
  const remark = `Resumed ${at} under another set-up: from round ${fromRound} on ${differencesText(bearing)}. The numbers are of both.`;
  return {
    ...manifest,
    sessions: [...(manifest.sessions ?? []), { at, fromRound, ...now, differences: [...differences] }],
    remarks: [...manifest.remarks, ...(bearing.length === 0 ? [] : [remark])],
  };
}

/** Differences in a line: `edge: OMP_NUM_THREADS 2 (was 4)`. */
export function differencesText(differences: readonly SessionDifference[]): string {
  return differences.map(({ what, was, is }) => `${what} ${is} (was ${was})`).join("; ");
}

function versionsOf(versions: Readonly<Record<string, string>>, model: string): string {
  const own = Object.entries(versions).filter(([name]) => name.slice(0, name.lastIndexOf("/")) === model);
  const texts = own.map(([name, sha256]) => `version ${name.slice(model.length + 1)} (${short(sha256)})`);
  return texts.length === 0 ? "not there" : texts.sort().join(", ");
}

const commitOf = ({ version, commit, dirty }: LatheInfo) =>
  `${version}, commit ${short(commit ?? "unknown")}${dirty === true ? " with changes" : ""}`;

/** The first part of a hash, which no other hash here begins with. */
const short = (hash: string) => hash.replace(/^sha256:/, "").slice(0, 12);
