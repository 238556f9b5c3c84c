import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../lib/cache/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { say } from "../../lib/output.ts";
import type { Cell } from "../matrix/cell.ts";
import { linkBlock, linksOf } from "../links/links.ts";
import { JsonlWriter, repairTail } from "../records/jsonl.ts";
import type { RunManifest } from "../records/manifest.ts";
import { RecordWriter } from "../records/records.ts";
import { explainServer } from "../targets/container-events.ts";
import { blockOf, turnsOf } from "../targets/neighbours.ts";
import { watchServers } from "../targets/watch-servers.ts";
import { routesOf } from "../targets/routes.ts";
import type { SecretsByServer } from "../targets/secrets.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import type { ImageMessage } from "./agent/protocol.ts";
import { type ClientMachines, clientMachines, securityMessages } from "./client-machines.ts";
import { progressSoFar } from "./progress.ts";
import type { RunInputs, RunStatus } from "./inputs.ts";
import { runMatrix } from "./rounds.ts";

/**
 * Runs what is left of a run's matrix, appending to its folder. A run is one session after the other until every cell
 * has its calls; a session that was killed is simply followed by another.
 *
 * @param onBegin called once no other session can write to the folder, with the round that this one begins with
 * @returns how each cell ended, and the bytes of torn last lines that a killed session had left
 * @throws UserError if another session writes to the folder now
 */
export async function runSession(
  dir: string,
  manifest: RunManifest,
  images: readonly ImageMessage[],
  bundle: AgentBundle,
  onStatus: (status: RunStatus) => void,
  secrets: SecretsByServer = new Map(),
  onBegin: (firstRound: number) => Promise<void> = async () => {},
) {
  return inSession(dir, manifest, images, bundle, secrets, async (inputs, repairedBytes) => {
    await onBegin(inputs.firstRound);
    return { ends: await runMatrix({ ...inputs, onStatus }), repairedBytes };
  });
}

/**
 * Gives `body` all that a session acts with, and takes it away afterwards: what it records is appended to the run's folder.
 *
 * @throws UserError if another session writes to the folder now
 */
export async function inSession<T>(
  dir: string,
  manifest: RunManifest,
  images: readonly ImageMessage[],
  bundle: AgentBundle,
  secrets: SecretsByServer,
  body: (inputs: RunInputs, repairedBytes: number) => Promise<T>,
): Promise<T> {
  const onWait = (pid: string) => {
    throw new UserError({
      what: `${dir}: another bench (process ${pid}) writes to this run`,
      fix: "wait for it, or start a run of its own: npx lathe bench",
    });
  };
  const clients = clientMachines(manifest.machines, bundle, images, securityMessages(manifest.servers, secrets));
  return withLock(join(dir, "session.lock"), () => measure(dir, manifest, clients, body), onWait);
}

async function measure<T>(
  dir: string,
  manifest: RunManifest,
  clients: ClientMachines,
  body: (inputs: RunInputs, repairedBytes: number) => Promise<T>,
): Promise<T> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, "records.jsonl");
  const answersPath = join(dir, "answers.jsonl");
  const repairedBytes = repairTail(path) + repairTail(answersPath);
  const progress = await progressSoFar(path);
  const routes = routesOf(manifest);
  const turns = manifest.neighbours === "frozen" ? turnsOf(manifest, say) : undefined;
  const servers = watchServers(manifest, () => performance.now());
  const writer = new RecordWriter(path);
  const links = linksOf(manifest, (record) => writer.append(record), say);
  const answers = new JsonlWriter(answersPath);
  try {
    const inputs: RunInputs = {
      ...progress,
      cells: manifest.cells,
      limits: manifest.limits,
      seed: manifest.seed,
      link: (machine) => clients.link(machine),
      openRoute: (cell) => routes.open(cell),
      route: (cell) => routes.of(cell),
      record: (record) => writer.append(record),
      explain: async (cell, sinceMs) => {
        const machine = manifest.machines.find((m) => m.id === cell.serverMachine);
        const server = manifest.servers.find((s) => s.id === cell.server);
        return machine && server && explainServer(machine, server, sinceMs);
      },
      watchServer: (cell) => servers.begin(cell),
      times: ({ load }) => manifest.traces?.[String(load["sha256"])],
      ...(turns && { takeTurn: (cell: Cell) => turns.take(cell) }),
      takeLink: (cell, round) => links.take(cell, round),
      lostLink: (cell) => links.lost(cell),
      blocks: blocksOf(manifest),
      answer: (cell, { outputs, tooLarge }) => answers.append({ cell: cell.id, outputs, tooLarge }),
      onStatus: () => {},
      now: () => performance.now(),
    };
    return await body(inputs, repairedBytes);
  } finally {
    answers.close();
    // First of all: whoever is frozen must not wait for what follows, nor a network that is not as it was.
    await turns?.close();
    await links.close();
    writer.close();
    await servers.close();
    await routes.close();
    await clients.close();
  }
}

/** What a round visits together: the cells of a link, which is set once, and within them those of a server that has neighbours. */
function blocksOf(manifest: RunManifest): ((cell: Cell) => string)[] {
  const turns = manifest.neighbours === "frozen" ? [blockOf(manifest)] : [];
  if (manifest.cells.every((cell) => cell.link === undefined)) return turns;
  const alone = turns[0] ?? ((cell: Cell) => `cell ${cell.id}`);
  return [(cell) => linkBlock(cell) ?? alone(cell), ...turns];
}
