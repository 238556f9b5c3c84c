import type { ServerKind } from "../registry.ts";
import { CONFIG_FILE, configText, servedOf } from "./models-config.ts";
import { protectTfServing, serverSecretFiles } from "./protect.ts";

const GRPC_PORT = 8500;
const REST_PORT = 8501;
const MODELS_PATH = "/models";
const MONITORING_FILE = "monitoring.config";
const METRICS_PATH = "/monitoring/prometheus/metrics";

/**
 * TensorFlow Serving, set up as in the paper: Intel's image, whose entry point turns MODEL_NAME and the TENSORFLOW_*
 * variables into flags, and OMP_NUM_THREADS for its OpenMP build. All models of the stack are served by one process:
 * `--model_config_file` comes after the entry point's own flags and wins over MODEL_NAME.
 */
export const tfServing: ServerKind = {
  name: "tf-serving",
  defaultImage: "intel/intel-optimized-tensorflow-serving:latest",
  isIntelBuild: (image) => /intel-optimized-tensorflow-serving/.test(image),
  protect: protectTfServing,
  secretFiles: serverSecretFiles,
  spec: (models, threads) => ({
    env: {
      MODEL_BASE_PATH: MODELS_PATH,
      MODEL_NAME: models[0]?.name ?? "",
      OMP_NUM_THREADS: `${threads.ompNumThreads}`,
      TENSORFLOW_INTER_OP_PARALLELISM: `${threads.interOpParallelism}`,
      TENSORFLOW_INTRA_OP_PARALLELISM: `${threads.intraOpParallelism}`,
    },
    command: [
      `--model_config_file=${MODELS_PATH}/${CONFIG_FILE}`,
      `--monitoring_config_file=${MODELS_PATH}/${MONITORING_FILE}`,
      // A server that starts gives its labels before its models are loaded.
      "--allow_version_labels_for_unavailable_models=true",
      // Files do not change under a version: what fails once fails again, and the gate tells why at once.
      "--max_num_load_retries=0",
    ],
    modelsPath: MODELS_PATH,
    files: [
      { name: CONFIG_FILE, content: configText(servedOf(models), MODELS_PATH, false), keepProven: true },
      { name: MONITORING_FILE, content: `prometheus_config { enable: true path: "${METRICS_PATH}" }\n` },
    ],
    serving: { basePath: MODELS_PATH, models: servedOf(models) },
    grpcPort: GRPC_PORT,
    restPort: REST_PORT,
    metricsPath: METRICS_PATH,
    // The image has neither curl nor wget, but bash opens sockets itself.
    healthTest: ["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${GRPC_PORT} 4<>/dev/tcp/127.0.0.1/${REST_PORT}`],
    scratch: ["/tmp"],
  }),
};
