import type { Credentials } from "../../access/certificates.ts";
import { SECRETS_PATH } from "../../access/plan.ts";
import type { AccessConfig } from "../../access/config.ts";
import type { ContainerSpec, ModelToServe, SecretFile } from "../kind.ts";
import { CONFIG_FILE, PROVEN, configText, servedOf, type Serving } from "./models-config.ts";
import { settingsEnv, settingsFlags, type TfServingSettings } from "./settings.ts";

export const GRPC_PORT = 8500;
export const REST_PORT = 8501;
const MODELS_PATH = "/models";
const MONITORING_FILE = "monitoring.config";
const METRICS_PATH = "/monitoring/prometheus/metrics";
const SSL_CONFIG = "ssl.config";

/**
 * The container as in the paper: Intel's image, whose entry point turns MODEL_NAME and the TENSORFLOW_* variables into flags,
 * and OMP_NUM_THREADS for its OpenMP build. All models of the server are served by one process: `--model_config_file` comes
 * after the entry point's own flags and wins over MODEL_NAME. Pure.
 */
export function container(
  models: readonly ModelToServe[],
  settings: TfServingSettings,
  { tls, rest }: Pick<AccessConfig, "tls" | "rest">,
): ContainerSpec {
  const served = servedOf(models);
  const ports = rest === "off" ? [GRPC_PORT] : [GRPC_PORT, REST_PORT];
  return {
    env: { MODEL_BASE_PATH: MODELS_PATH, MODEL_NAME: models[0]?.name ?? "", ...settingsEnv(settings) },
    command: [
      `--model_config_file=${MODELS_PATH}/${CONFIG_FILE}`,
      `--monitoring_config_file=${MODELS_PATH}/${MONITORING_FILE}`,
      // A server that starts gives its labels before its models are loaded.
      "--allow_version_labels_for_unavailable_models=true",
      // Files do not change under a version: what fails once fails again, and the gate tells why at once.
      "--max_num_load_retries=0",
      ...settingsFlags(settings),
      // Flags that come last win over the image's own.
      ...(tls === "off" ? [] : [`--ssl_config_file=${SECRETS_PATH}/${SSL_CONFIG}`]),
      ...(rest === "off" ? ["--rest_api_port=0"] : []),
    ],
    modelsPath: MODELS_PATH,
    files: [
      { name: CONFIG_FILE, content: configText(served, MODELS_PATH, false), keepWhere: PROVEN },
      { name: MONITORING_FILE, content: `prometheus_config { enable: true path: "${METRICS_PATH}" }\n` },
    ],
    serving: { basePath: MODELS_PATH, models: served } satisfies Serving,
    // Metrics come by REST in the clear: where that is closed, nobody can read them.
    ...(rest === "open" ? { metrics: { api: "tf-serving", protocol: "rest", path: METRICS_PATH } } : {}),
    // The image has neither curl nor wget, but bash opens sockets itself.
    healthTest: [
      ...["CMD", "bash", "-c"],
      `exec ${ports.map((port, i) => `${i + 3}<>/dev/tcp/127.0.0.1/${port}`).join(" ")}`,
    ],
    scratch: ["/tmp"],
  };
}

/** The file that a server whose gRPC is by TLS reads its keys from. Pure. */
export function secretFiles({ tls }: Pick<AccessConfig, "tls">, made: Credentials): SecretFile[] {
  if (tls === "off") return [];
  // TF Serving's `SSLConfig` in protobuf's text format: the PEM texts stand in it themselves. They are ASCII, so line ends,
  // quotes and backslashes are all there is to escape.
  const text = (pem: string) => `"${pem.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
  const lines = [
    `server_key: ${text(made.serverKey)}`,
    `server_cert: ${text(made.serverCert)}`,
    `custom_ca: ${text(made.ca)}`,
    // Clients without a certificate of that CA are refused.
    `client_verify: ${tls === "mutual"}`,
  ];
  return [{ name: SSL_CONFIG, content: `${lines.join("\n")}\n` }];
}
