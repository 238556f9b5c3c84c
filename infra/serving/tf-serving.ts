import type { ServerKind } from "./kinds.ts";

const GRPC_PORT = 8500;
const REST_PORT = 8501;
const MODELS_PATH = "/models";
const CONFIG_FILE = "models.config";

/**
 * TensorFlow Serving, set up as in the paper: Intel's image, whose entry point turns MODEL_NAME and the TENSORFLOW_*
 * variables into flags, and OMP_NUM_THREADS for its OpenMP build. All models of the stack are served by one process:
 * `--model_config_file` comes after the entry point's own flags and wins over MODEL_NAME.
 */
export const tfServing: ServerKind = {
  name: "tf-serving",
  defaultImage: "intel/intel-optimized-tensorflow-serving:latest",
  isIntelBuild: (image) => /intel-optimized-tensorflow-serving/.test(image),
  spec: (models, threads) => ({
    env: {
      MODEL_BASE_PATH: MODELS_PATH,
      MODEL_NAME: models[0]?.name ?? "",
      OMP_NUM_THREADS: `${threads.ompNumThreads}`,
      TENSORFLOW_INTER_OP_PARALLELISM: `${threads.interOpParallelism}`,
      TENSORFLOW_INTRA_OP_PARALLELISM: `${threads.intraOpParallelism}`,
    },
    command: [`--model_config_file=${MODELS_PATH}/${CONFIG_FILE}`],
    modelsPath: MODELS_PATH,
    files: [{ name: CONFIG_FILE, content: modelsConfig(models.map((m) => m.name)) }],
    grpcPort: GRPC_PORT,
    restPort: REST_PORT,
    // The image has neither curl nor wget, but bash opens sockets itself.
    healthTest: ["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${GRPC_PORT} 4<>/dev/tcp/127.0.0.1/${REST_PORT}`],
    scratch: ["/tmp"],
  }),
};

/** TF Serving's `ModelServerConfig` as text. It names no versions: a new version folder is served without a restart. */
export function modelsConfig(names: readonly string[]): string {
  const entries = names.map((name) =>
    [
      "  config {",
      `    name: "${name}"`,
      `    base_path: "${MODELS_PATH}/${name}"`,
      '    model_platform: "tensorflow"',
      "  }",
    ].join("\n"),
  );
  return `model_config_list {\n${entries.join("\n")}\n}\n`;
}
