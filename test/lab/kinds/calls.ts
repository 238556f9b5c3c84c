import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isOffered } from "../../../bench/matrix/cells.ts";
import { readManifest, type RunManifest } from "../../../bench/records/manifest.ts";
import { readSeen, type Seen } from "../../../bench/records/seen.ts";
import { clientKinds } from "../../../clients/registry.ts";
import type { ClientKind, PredictRequest } from "../../../clients/client.ts";
import { apisOf, type Server, type StackOutputs } from "../../../infra/outputs.ts";
import { startLathe } from "../lathe.ts";
import type { Photo } from "./reference.ts";

/* How a kind's server is called: by the bench, as a user does, or by its clients themselves. This machine is the client. */

/** Seconds after which a call is given up, and one to a server to which something is done. */
const [TIMEOUT_SECONDS, FAULT_SECONDS] = [60, 8];
/** Calls that a run has made before something is done to its server. */
const UNDER_WAY = 5;

/** The client kinds that a server is offered to. */
export const clientsOf = ({ endpoints }: Pick<Server, "endpoints">): ClientKind[] =>
  clientKinds.filter((kind) => isOffered(kind, { endpoints }));

/** What a bench ended with: its exit code, and all that it printed with single spaces. */
export interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Benches of one stack's server, whose runs lie in a folder of their own. */
export class Bench {
  readonly #dir: string;
  readonly #outputs: string;

  private constructor(dir: string, outputs: string) {
    this.#dir = dir;
    this.#outputs = outputs;
  }

  /** @param dir for outputs and runs */
  static async of(dir: string, stack: StackOutputs): Promise<Bench> {
    const { machine, servers } = stack;
    const here: StackOutputs = {
      ...stack,
      machine: { ...machine, id: "client", ssh: null },
      servers: servers.map((server) => ({ ...server, id: "client", machineId: "client" })),
    };
    const paths = ["here", "there"].map((name) => join(dir, `${name}.json`));
    for (const [i, outputs] of [here, stack].entries()) await writeFile(paths[i] ?? "", JSON.stringify(outputs));
    return new Bench(dir, paths.join());
  }

  /** Measures a few calls of each cell. */
  run(models: readonly string[], clients: readonly ClientKind[], requests: number): Promise<Ended> {
    return this.#start(models, clients, requests, TIMEOUT_SECONDS).ended;
  }

  /** Begins a run that would take long, and does something to the server amid its calls. */
  async underWay(model: string, clients: readonly ClientKind[], act: () => Promise<unknown>): Promise<Ended> {
    const before = await this.#runs();
    const { ended } = this.#start([model], clients, 20_000, FAULT_SECONDS);
    let over = false;
    void ended.then(() => (over = true));
    for (let calls = 0; calls < UNDER_WAY && !over; await sleep(20)) {
      const [name] = (await this.#runs()).filter((run) => !before.includes(run));
      const text =
        name === undefined
          ? ""
          : await readFile(join(this.#dir, "runs", name, "records.jsonl"), "utf8").catch(() => "");
      calls = text.split('"phase":"measure"').length - 1;
    }
    await act();
    return ended;
  }

  /** The newest run: its cells, and what its servers answered. */
  async newest(): Promise<{ manifest: RunManifest; seen: Seen }> {
    const dir = join(this.#dir, "runs", (await this.#runs()).at(-1) ?? "");
    const manifest = await readManifest(dir);
    return { manifest, seen: await readSeen(dir, manifest) };
  }

  async #runs(): Promise<string[]> {
    return (await readdir(join(this.#dir, "runs")).catch(() => [])).sort();
  }

  #start(models: readonly string[], clients: readonly ClientKind[], requests: number, timeoutSeconds: number) {
    const what = ["--outputs", this.#outputs, "--placement", "remote", "--images", "7"];
    const which = ["--models", models.join(), "--client", clients.map(({ name }) => name).join()];
    const how = ["--requests", `${requests}`, "--warmup", "1", "--block", "5", "--precision", "none"];
    const where = ["--timeout", `${timeoutSeconds}`, "--runs", join(this.#dir, "runs"), "--full"];
    const args = [...what, ...which, ...how, ...where];
    const ended = startLathe(["bench", ...args]).ended;
    return { ended: ended.then(({ code, said }): Ended => ({ code, said: said.replaceAll(/\s+/g, " ") })) };
  }
}

/** One call of a client kind with a photograph; what failed, in words. Throws nothing. */
export async function callOnce(
  kind: ClientKind,
  address: string,
  server: Server,
  model: string,
  photo: Photo,
): Promise<string> {
  const endpoint = server.endpoints.find((e) => apisOf(e).includes(kind.api) && e.protocol === kind.protocol);
  const client = kind.create(address, endpoint?.port ?? 0);
  const { height, width, data, file } = photo;
  const inputs: PredictRequest["inputs"] =
    kind.input === "file"
      ? { inputs: { dtype: "DT_STRING", shape: [1], data: [file] } }
      : { inputs: { dtype: "DT_UINT8", shape: [1, height, width, 3], data } };
  try {
    await client.open(1000 * TIMEOUT_SECONDS);
    const result = await client.call({ model, inputs, timeoutMs: 1000 * TIMEOUT_SECONDS });
    return result.ok ? "answered" : `${result.error.code}: ${result.error.message}`;
  } catch (error) {
    return String(error);
  } finally {
    await client.close();
  }
}
