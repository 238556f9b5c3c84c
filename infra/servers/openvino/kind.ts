import type { KindEndpoint, ServerKind } from "../kind.ts";
import { GRPC_PORT, REST_PORT, container } from "./container.ts";
import { memoryNeedMiB } from "./memory.ts";
import { OpenvinoSettings, knobs, settingsFor, settingsHelp, settingsShown } from "./settings.ts";

const NAME = "openvino";

/** Both ports answer in two APIs. Files are not decoded: the models take pixels. */
const SPOKEN: Pick<KindEndpoint, "api" | "also" | "inputs"> = {
  api: "tf-serving",
  also: ["kserve-v2"],
  inputs: ["pixels"],
};

/** OpenVINO Model Server, on the processor. */
export const openvino: ServerKind<OpenvinoSettings> = {
  name: NAME,
  about:
    "OpenVINO Model Server (OVMS): models in OpenVINO's own form, on the processor, in the APIs of TF Serving and KServe v2.",
  // The version of the runtime that models are converted with.
  defaultImage: "openvino/model_server:2026.4.1",
  // Since 2026, OpenVINO computes with AVX2 or better alone (its release notes, "Discontinued in 2026").
  imageNeeds: { architectures: ["amd64"], flags: ["avx2"] },
  defaultContainer: NAME,
  endpoints: [
    // It has no TLS of its own: https://docs.openvino.ai (Model Server, security considerations).
    { ...SPOKEN, protocol: "grpc", containerPort: GRPC_PORT, defaultPort: GRPC_PORT, protections: [], closable: false },
    {
      ...SPOKEN,
      protocol: "rest",
      containerPort: REST_PORT,
      defaultPort: REST_PORT,
      protections: ["token"],
      closable: true,
    },
  ],
  settings: OpenvinoSettings,
  settingsHelp,
  settingsFor,
  knobs,
  container,
  memoryNeedMiB,
  secretFiles: () => [],
  modelForm: "openvino-ir",
  modelPath: (model, version) => `${model}/${version}`,
  build: () => "cpu",
  settingsShown,
  // Loaded where a gate runs: a stack's program only plans, and need not wait for clients.
  gate: {
    ready: async (...args) => (await import("./gate.ts")).ready(...args),
    smoke: async (...args) => (await import("./gate.ts")).smoke(...args),
    served: async (run) => (await import("./gate.ts")).readsItsConfig(run),
    noteOn: async (run) => (await import("./precision.ts")).noteOn(run),
  },
};
