import type { ServerKind } from "../kind.ts";
import { METRICS } from "../kind.ts";
import { GRPC_PORT, HTTP_PORT, METRICS_PORT, container, secretFiles } from "./container.ts";
import { sessionMemoryMiB } from "../session.ts";
import { MODEL_FILE } from "./model-config.ts";
import { TritonSettings, knobs, settingsFor, settingsHelp, settingsShown } from "./settings.ts";

const NAME = "triton";
const API = "kserve-v2";

/** NVIDIA's Triton Inference Server on a processor without a GPU. */
export const triton: ServerKind<TritonSettings> = {
  name: NAME,
  about: "NVIDIA's Triton Inference Server, with its TensorFlow backend on the processor. The image has 2.51.0.",
  defaultImage: "nvcr.io/nvidia/tritonserver:24.10-py3",
  imageNeeds: { architectures: ["amd64", "arm64"], flags: [] },
  defaultContainer: NAME,
  endpoints: [
    {
      ...{ api: API, protocol: "grpc", containerPort: GRPC_PORT, defaultPort: GRPC_PORT },
      ...{ protections: ["tls", "mutual-tls"], closable: false },
    },
    {
      ...{ api: API, protocol: "rest", containerPort: HTTP_PORT, defaultPort: HTTP_PORT },
      ...{ protections: ["token"], closable: true },
    },
    {
      ...{ api: API, protocol: METRICS, containerPort: METRICS_PORT, defaultPort: METRICS_PORT },
      ...{ protections: [], closable: true },
    },
  ],
  settings: TritonSettings,
  settingsHelp,
  settingsFor,
  knobs,
  container,
  // The least: what each instance has besides its copy of the model differs between images.
  memoryNeedMiB: (models, { instances }) => sessionMemoryMiB(Array<typeof models>(instances).fill(models).flat()),
  secretFiles,
  modelPath: (model, version) => `${model}/${version}/${MODEL_FILE}`,
  // NVIDIA's image by any registry has Triton's own TensorFlow backend; what others have is not known.
  build: (image) => (/(^|\/)tritonserver[:@]/.test(image) ? "nvidia" : "other"),
  settingsShown,
  // Loaded where a gate runs: a stack's program only plans, and need not wait for clients.
  gate: {
    ready: async (...args) => (await import("./gate.ts")).ready(...args),
    smoke: async (...args) => (await import("./gate.ts")).smoke(...args),
    served: async (run) => (await import("./gate.ts")).checkConfigs(run),
  },
};
