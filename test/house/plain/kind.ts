import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { clientKind } from "../../../clients/registry.ts";
import { HttpConnection } from "../../../clients/transport/http.ts";
import type { GateModel, GateRun } from "../../../infra/gate/spec.ts";
import type { ServerKind } from "../../../infra/servers/kind.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";

const NAME = "plain";
const PORT = 8080;
const MODELS_PATH = "/models";
const POLL_MS = 200;
const TIMEOUT_MS = 2_000;
const IMAGE_SIZE = 8;

const whole = z.number("a whole number").int("a whole number");
const Settings = z.strictObject({
  workers: whole.min(1).max(64).optional(),
  delayMs: whole.min(0).max(10_000).optional(),
});
type Settings = z.infer<typeof Settings>;

/** The tests' own server: one REST endpoint, settings and a gate that no other kind has, and no metrics. */
export const plainServer: ServerKind<Settings> = {
  name: NAME,
  about: "raw pixels in, JSON out, in Python's standard library",
  defaultImage: "lathe/plain:1",
  defaultContainer: NAME,
  endpoints: [
    { api: NAME, protocol: "rest", containerPort: PORT, defaultPort: PORT, protections: [], closable: false },
  ],
  settings: Settings,
  settingsHelp: [
    { key: "workers", help: "Requests that are answered at a time, 1 to 64.", otherwise: "one a CPU" },
    { key: "delayMs", help: "What each answer takes at least, milliseconds.", otherwise: "0" },
  ],
  settingsFor({ cpu }, { workers = cpu.allowed.length, delayMs = 0 }) {
    const reason = `${workers} workers on ${cpu.allowed.length} CPUs.`;
    return { settings: { workers, delayMs }, placement: { physicalCores: cpu.allowed.length, reason } };
  },
  container: (models, { workers = 1, delayMs = 0 }) => ({
    env: { PLAIN_WORKERS: `${workers}`, PLAIN_DELAY_MS: `${delayMs}` },
    command: ["--port", `${PORT}`, "--models", MODELS_PATH],
    modelsPath: MODELS_PATH,
    files: [],
    serving: models.map(({ name, version }) => `${name} ${version}`),
    healthTest: ["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${PORT}`],
    scratch: [],
  }),
  secretFiles: () => [],
  modelPath: (model, version) => `${model}/${version}`,
  build: () => "python",
  settingsShown: ({ env }) => Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("PLAIN_"))),
  gate: { ready, smoke },
};

/** Asks for the model's status until it is served in its version; of a model that cannot be served the reason is told at once. */
async function ready(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  for (let last = "no answer yet"; ; await sleep(POLL_MS)) {
    if (performance.now() > deadline)
      throw new UserError({ what: `model ${model.name} is not served after ${run.timeoutSeconds} s (${last})` });
    const { status, text } = await statusOf(run, model.name);
    if (status === 500) throw new UserError({ what: `model ${model.name} cannot be served: ${text}` });
    if (status === 200 && (JSON.parse(text) as { version: number }).version === model.version) return;
    last = status === 0 ? text : `HTTP ${status}: ${text}`;
  }
}

/** The answer to a GET of the model; status 0 if there is none, and why. */
async function statusOf(run: GateRun, model: string): Promise<{ status: number; text: string }> {
  const { address, port } = where(run);
  const connection = new HttpConnection(address, port);
  try {
    await connection.open(TIMEOUT_MS, "REST");
    const { status, body } = await connection.exchange("GET", `/models/${model}`, null, TIMEOUT_MS);
    return { status, text: body.toString("utf8") };
  } catch (error) {
    return { status: 0, text: messageOf(error) };
  } finally {
    await connection.close();
  }
}

/** One real answer to a small grey image. */
async function smoke(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const { address, port } = where(run);
  const client = clientKind("plain-http").create(address, port);
  const timeoutMs = Math.max(1, deadline - performance.now());
  const shape = [1, IMAGE_SIZE, IMAGE_SIZE, 3];
  const data = new Uint8Array(IMAGE_SIZE * IMAGE_SIZE * 3).fill(127);
  try {
    await client.open(timeoutMs);
    const inputs = { inputs: { dtype: "DT_UINT8", shape, data } } as const;
    const result = await client.call({ model: model.name, inputs, timeoutMs });
    if (!result.ok) throw new UserError({ what: `model ${model.name} does not answer: ${result.error.message}` });
  } finally {
    await client.close();
  }
}

function where(run: GateRun): { address: string; port: number } {
  return { address: run.address, port: run.endpoints[0]?.port ?? PORT };
}
