import type { ContainerSpec, ModelToServe, ServerKind } from "../kind.ts";
import { sessionMemoryMiB } from "../session.ts";
import { webEnv, webHelp, webKnobs, WebSettings, webSettingsFor, webShown } from "./settings.ts";

const API = "plain-rest";
const PORT = 8000;
const MODELS_PATH = "/models";
const MODELS_FILE = "models.json";

/** What tells one web framework's kind from another's. */
export interface Framework {
  /** As `lathe:server` and the image's program name it. */
  readonly name: string;
  readonly about: string;
  /** On the machine, where the stack names none. */
  readonly port: number;
}

/** The server kind of a web framework: Lathe's small app in it (lab/web), which runs models in TensorFlow's session. */
export function webKind({ name, about, port }: Framework): ServerKind<WebSettings> {
  return {
    name,
    about,
    defaultImage: `lathe/${name}:1`,
    imageToBuild:
      `in the checkout: docker build --build-arg KIND=${name} -t REGISTRY/lathe-${name}:1 -f lab/web/Dockerfile . && ` +
      `docker push REGISTRY/lathe-${name}:1 && npx lathe pulumi config set lathe:image REGISTRY/lathe-${name}:1`,
    // TensorFlow's wheels.
    imageNeeds: { architectures: ["amd64"], flags: ["avx"] },
    defaultContainer: name,
    endpoints: [
      { api: API, protocol: "rest", containerPort: PORT, defaultPort: port, protections: ["token"], closable: false },
    ],
    settings: WebSettings,
    settingsHelp: webHelp,
    settingsFor: webSettingsFor,
    knobs: webKnobs,
    container: (models, settings) => container(name, models, settings),
    memoryNeedMiB: (models, { workers }) => workers * sessionMemoryMiB(models),
    secretFiles: () => [],
    modelPath: (model, version) => `${model}/${version}`,
    build: () => name,
    settingsShown: webShown,
    // Loaded where a gate runs: a stack's program only plans, and need not wait for clients.
    gate: {
      ready: async (...args) => (await import("./gate.ts")).ready(...args),
      // Nothing more: `ready` has had a real answer of every worker at the only endpoint.
      smoke: () => Promise.resolve(),
    },
  };
}

function container(name: string, models: readonly ModelToServe[], settings: WebSettings): ContainerSpec {
  const served = models.map(({ name: model, version, canary }) => [
    model,
    [version, ...(canary === undefined ? [] : [canary.version])],
  ]);
  return {
    env: webEnv(settings),
    command: [name],
    modelsPath: MODELS_PATH,
    files: [{ name: MODELS_FILE, content: `${JSON.stringify(Object.fromEntries(served))}\n` }],
    serving: null,
    // The image has neither curl nor wget, but bash opens sockets itself; a Python that starts would take a core for a while.
    healthTest: ["CMD", "bash", "-c", HEALTH],
    scratch: ["/tmp"],
  };
}

/** Whether every model is loaded in the worker that answers. */
const HEALTH = `exec 3<>/dev/tcp/127.0.0.1/${PORT} && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ "$status" = 200 ]`;
