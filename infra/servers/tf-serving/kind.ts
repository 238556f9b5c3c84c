import type { ServerKind } from "../kind.ts";
import { GRPC_PORT, REST_PORT, container, secretFiles } from "./container.ts";
import { sessionMemoryMiB } from "../session.ts";
import { state } from "./models-config.ts";
import { knobs, settingsFor, settingsHelp, settingsShown, TfServingSettings } from "./settings.ts";

const NAME = "tf-serving";

/** TensorFlow Serving, set up as in the paper. */
export const tfServing: ServerKind<TfServingSettings> = {
  name: NAME,
  about: "TensorFlow Serving: Intel's build, as in the paper, or any other image of it.",
  defaultImage: "intel/intel-optimized-tensorflow-serving:latest",
  // TensorFlow's builds use AVX since 1.6; Intel's are for x86-64 alone.
  imageNeeds: { architectures: ["amd64"], flags: ["avx"] },
  defaultContainer: NAME,
  endpoints: [
    {
      ...{ api: NAME, protocol: "grpc", containerPort: GRPC_PORT, defaultPort: GRPC_PORT },
      ...{ protections: ["tls", "mutual-tls"], closable: false },
    },
    {
      ...{ api: NAME, protocol: "rest", containerPort: REST_PORT, defaultPort: REST_PORT },
      ...{ protections: ["token"], closable: true },
    },
  ],
  settings: TfServingSettings,
  settingsHelp,
  settingsFor,
  knobs,
  container,
  memoryNeedMiB: sessionMemoryMiB,
  secretFiles,
  modelPath: (model, version) => `${model}/${version}`,
  // The stand-in runs the OpenMP build and obeys the same variables.
  build: (image, standIn) => (standIn || /intel-optimized-tensorflow-serving/.test(image) ? "intel" : "stock"),
  settingsShown,
  // Loaded where a gate runs: a stack's program only plans, and need not wait for clients.
  gate: {
    state,
    ready: async (...args) => (await import("./gate.ts")).ready(...args),
    smoke: async (...args) => (await import("./gate.ts")).smoke(...args),
    rollOut: async (...args) => (await import("./rollout.ts")).rollOut(...args),
    served: async (run) => (await import("./gate.ts")).checkLabels(run),
  },
};
