import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import type { Deployment } from "../../infra/outputs.ts";
import { exists, withLock } from "../../lib/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { type SecretsByRole, securityOf } from "../targets/secrets.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import { type WorkerLink, localLink } from "./agent/link.ts";
import type { ImageMessage, SecurityMessage } from "./agent/protocol.ts";
import { remoteLink } from "./agent/remote.ts";
import type { Cell } from "../matrix/cell.ts";
import { explainServer } from "../targets/container-events.ts";
import type { RunManifest } from "../records/manifest.ts";
import { waysOf } from "../targets/routes.ts";
import { JsonlWriter, diskFault, repairTail } from "../records/jsonl.ts";
import { RecordWriter, readJournal } from "../records/records.ts";
import { type CellEnd, type RunStatus, runMatrix } from "./rounds.ts";

/** A photograph, ready to send. */
export type LoadedImage = z.infer<typeof ImageMessage>;

/** What a session of a run came to. */
export interface SessionResult {
  readonly ends: ReadonlyMap<string, CellEnd>;
  /** Bytes of torn last lines that a killed session had left. */
  readonly repairedBytes: number;
}

/**
 * Runs what is left of a run's matrix, appending to its folder. A run is one session after the other until every cell
 * has its calls; a session that was killed is simply followed by another.
 *
 * @param onBegin called once no other session can write to the folder, with the round that this one begins with
 * @throws UserError where another session writes to the folder now
 */
export async function runSession(
  dir: string,
  manifest: RunManifest,
  images: readonly LoadedImage[],
  bundle: AgentBundle,
  onStatus: (status: RunStatus) => void,
  secrets: SecretsByRole = new Map(),
  onBegin: (firstRound: number) => Promise<void> = async () => {},
): Promise<SessionResult> {
  const onWait = (pid: string) => {
    throw new UserError({
      what: `${dir}: another bench (process ${pid}) writes to this run`,
      fix: "wait for it, or start a run of its own: npm run bench",
    });
  };
  return withLock(
    join(dir, "session.lock"),
    () => locked(dir, manifest, images, bundle, onStatus, secrets, onBegin),
    onWait,
  );
}

async function locked(
  ...[dir, manifest, images, bundle, onStatus, secrets = new Map(), onBegin]: Parameters<typeof runSession>
): Promise<SessionResult> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, "records.jsonl");
  const answersPath = join(dir, "answers.jsonl");
  const repairedBytes = repairTail(path) + repairTail(answersPath);
  const { already, ended, firstRound } = await progressSoFar(path);
  await onBegin?.(firstRound);
  const byRole = new Map(manifest.deployments.map((d) => [d.role, d]));
  const links = new Map<string, Promise<WorkerLink>>();
  const securities = securityMessages(manifest.deployments, secrets);
  const link = (role: string) => {
    let opening = links.get(role);
    if (opening === undefined) {
      opening = openLink(byRole.get(role), role, bundle, images, securities);
      links.set(role, opening);
      opening.catch(() => {}); // whoever awaits it gets the reason
    }
    return opening;
  };
  const ways = waysOf(manifest.deployments);
  const writer = new RecordWriter(path);
  const answers = new JsonlWriter(answersPath);
  try {
    const ends = await runMatrix({
      cells: manifest.cells,
      limits: manifest.limits,
      seed: manifest.seed,
      already,
      ended,
      firstRound,
      endpoint: (cell) => {
        const { metrics, ...endpoint } = ways.endpoint(cell);
        const protection = (protocol: Cell["protocol"]) => {
          const name = securityName(cell.serverRole, protocol);
          return securities.some((s) => s.name === name) ? { security: name } : {};
        };
        return {
          ...endpoint,
          ...(metrics && { metrics: { ...metrics, ...protection("rest") } }),
          ...besideCanary(byRole.get(cell.serverRole), cell),
          ...protection(cell.protocol),
        };
      },
      link,
      way: (cell) => ways.open(cell),
      record: (record) => writer.append(record),
      explain: async (cell, sinceMs) => {
        const server = byRole.get(cell.serverRole);
        return server === undefined ? undefined : explainServer(server, sinceMs);
      },
      answer: (cell, outputs) => answers.append({ cell: cell.id, outputs }),
      onStatus,
      now: () => performance.now(),
    });
    return { ends, repairedBytes };
  } finally {
    writer.close();
    answers.close();
    await ways.close();
    await Promise.all([...links.values()].map((l) => l.then((open) => open.close()).catch(() => {})));
  }
}

/**
 * What earlier sessions of the run measured (by visit) and ended, and the round to go on with: a new one. Cells that were
 * visited in the interrupted round are not visited twice in it, and the others' visits are not taken for the same time.
 */
export async function progressSoFar(path: string) {
  const already = new Map<string, number[][]>();
  const rounds = new Map<string, number>();
  const ended = new Set<string>();
  let firstRound = 0;
  if (await exists(path)) {
    for await (const record of readJournal(path)) {
      firstRound = Math.max(firstRound, record.round + 1);
      if (record.type === "call" && record.ok && record.phase === "measure") {
        const visits = already.get(record.cell) ?? [];
        if (rounds.get(record.cell) === record.round) visits.at(-1)?.push(record.totalMs);
        else visits.push([record.totalMs]);
        already.set(record.cell, visits);
        rounds.set(record.cell, record.round);
      }
      if (record.type === "end" && (record.reason === "precision" || record.reason === "requests"))
        ended.add(record.cell);
    }
  }
  return { already, ended, firstRound };
}

type SecurityOfPort = z.infer<typeof SecurityMessage>;

const securityName = (role: string, protocol: Cell["protocol"]) => `${protocol} of ${role}`;

/** What every client machine is told of the protected ports. */
function securityMessages(deployments: readonly Deployment[], secrets: SecretsByRole): SecurityOfPort[] {
  return deployments.flatMap((deployment) =>
    (["grpc", "rest"] as const).flatMap((protocol) => {
      const security = securityOf(deployment, protocol, secrets);
      const name = securityName(deployment.role, protocol);
      return security === undefined ? [] : [{ type: "security" as const, name, security }];
    }),
  );
}

/** A model with a canary is asked for by its live version: the latest may be the canary. */
function besideCanary(deployment: Deployment | undefined, cell: Cell): { version?: number } {
  const model = deployment?.models.find((m) => m.name === cell.model);
  return model?.canary === undefined ? {} : { version: model.version };
}

async function openLink(
  deployment: Deployment | undefined,
  role: string,
  bundle: AgentBundle,
  images: readonly LoadedImage[],
  securities: readonly SecurityOfPort[],
): Promise<WorkerLink> {
  if (deployment === undefined) throw new UserError({ what: `no stack with role "${role}" is deployed` });
  const link =
    deployment.ssh === null
      ? localLink(deployment.facts.hostname)
      : await remoteLink(deployment, deployment.ssh, bundle);
  for (const image of images) await link.sendImage(image);
  for (const security of securities) await link.sendSecurity(security);
  return link;
}

/** Folders of runs below `root`, oldest first. */
export async function listRuns(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [] as string[]);
  return names.filter((name) => /^\d{4}-\d{2}-\d{2}T/.test(name)).sort();
}

/**
 * Makes a new run's folder. Runs that begin in the same second get folders of their own.
 *
 * @returns the run's id, which is the folder's name, and its path
 */
export async function makeRunDir(root: string, now: Date): Promise<{ id: string; dir: string }> {
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  await mkdir(root, { recursive: true }).catch((error: unknown) => {
    throw diskFault(root, error);
  });
  for (let n = 1; ; n++) {
    const id = n === 1 ? stamp : `${stamp}-${n}`;
    try {
      await mkdir(join(root, id));
      return { id, dir: join(root, id) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw diskFault(join(root, id), error);
    }
  }
}
