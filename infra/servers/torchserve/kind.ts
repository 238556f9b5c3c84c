import type { ServerKind } from "../kind.ts";
import { container, GRPC_PORT, modelPath, REST_PORT, secretFiles } from "./container.ts";
import { knobs, memoryNeedMiB, settingsFor, settingsHelp, settingsShown, TorchServeSettings } from "./settings.ts";

const NAME = "torchserve";
const ENDED = "TorchServe's maintenance has ended with 0.12.0: faults in it are not mended any more.";

/** TorchServe with its own front end, and Lathe's handler and models in its workers. */
export const torchServe: ServerKind<TorchServeSettings> = {
  name: NAME,
  about: `TorchServe, PyTorch's model server. ${ENDED}`,
  defaultImage: "pytorch/torchserve:0.12.0-cpu",
  imageNeeds: { architectures: ["amd64", "arm64"], flags: [] },
  defaultContainer: NAME,
  endpoints: [
    {
      ...{ api: NAME, protocol: "grpc", containerPort: GRPC_PORT, defaultPort: GRPC_PORT },
      ...{ protections: ["tls"], closable: false },
    },
    {
      ...{ api: NAME, protocol: "rest", containerPort: REST_PORT, defaultPort: REST_PORT },
      ...{ protections: ["token"], closable: true },
    },
  ],
  settings: TorchServeSettings,
  settingsHelp,
  settingsFor,
  knobs,
  container,
  memoryNeedMiB,
  secretFiles,
  modelForm: "torch",
  modelPath,
  build: () => "0.12.0",
  settingsShown,
  // Loaded where a gate runs: a stack's program only plans, and need not wait for clients.
  gate: {
    note: ENDED,
    ready: async (...args) => (await import("./gate.ts")).ready(...args),
    smoke: async (...args) => (await import("./gate.ts")).smoke(...args),
  },
};
