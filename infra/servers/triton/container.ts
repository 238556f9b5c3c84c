import type { Credentials } from "../../access/certificates.ts";
import type { AccessConfig } from "../../access/config.ts";
import { SECRETS_PATH } from "../../access/plan.ts";
import { METRICS, type ContainerSpec, type ModelToServe, type SecretFile } from "../kind.ts";
import { modelConfigFile, tensorsKnown } from "./model-config.ts";
import { configured, settingsEnv, type TritonSettings } from "./settings.ts";

export const HTTP_PORT = 8000;
export const GRPC_PORT = 8001;
export const METRICS_PORT = 8002;
const MODELS_PATH = "/models";
/** Files of the secrets folder, by Triton's option for each. */
const TLS_FILES = {
  "grpc-server-cert": "server.crt",
  "grpc-server-key": "server.key",
  "grpc-root-cert": "ca.crt",
} as const;
/** Seconds that requests under way have to end when it is stopped: less than Docker waits. */
const EXIT_SECONDS = 5;

/** What the gate must know. */
export interface Serving {
  readonly instances: number;
  /** What each model's configuration must say, by Triton's names. */
  readonly configured: Readonly<Record<string, string>>;
}

/**
 * A process of a model that dies (killed, out of memory) stays dead: Triton 2.51 does not start it again, and goes on saying that it is
 * ready (triton-inference-server/server issues 7230 and 8604). So the health test ends Triton, and Docker starts it again.
 */
const HEALTH = `for stat in /proc/[0-9]*/stat; do
  read -r line 2>/dev/null < "$stat" || continue
  case $line in *"(triton_python_b) Z "*) echo "a model's process has died: Triton is started again"; kill 1; exit 1 ;; esac
done
exec`;

/**
 * Triton with its models' folder as its repository. A model that cannot be loaded does not end it: the others are served, and the gate
 * tells why that one is not. Pure.
 */
export function container(
  models: readonly ModelToServe[],
  settings: TritonSettings,
  { tls, rest }: Pick<AccessConfig, "tls" | "rest">,
): ContainerSpec {
  const metrics = rest === "open";
  const ports = [GRPC_PORT, ...(rest === "off" ? [] : [HTTP_PORT]), ...(metrics ? [METRICS_PORT] : [])];
  const ssl = Object.entries(TLS_FILES).map(([option, file]) => `--${option}=${SECRETS_PATH}/${file}`);
  return {
    env: settingsEnv(settings),
    command: [
      "tritonserver",
      `--model-repository=${MODELS_PATH}`,
      "--exit-on-error=false",
      `--exit-timeout-secs=${EXIT_SECONDS}`,
      "--allow-gpu-metrics=false",
      // With it, every model's process would be started twice, once to ask it for its inputs and outputs.
      ...(tensorsKnown(models) ? ["--disable-auto-complete-config"] : []),
      ...(metrics ? [] : ["--allow-metrics=false"]),
      ...(rest === "off" ? ["--allow-http=false"] : []),
      ...(tls === "off" ? [] : [`--grpc-use-ssl${tls === "mutual" ? "-mutual" : ""}=true`, ...ssl]),
    ],
    modelsPath: MODELS_PATH,
    files: models.map((model) => modelConfigFile(model, settings)),
    serving: { instances: settings.instances, configured: configured(settings) } satisfies Serving,
    ...(metrics ? { metrics: { api: "kserve-v2", protocol: METRICS, path: "/metrics" } } : {}),
    sharedMemoryMiB: settings.sharedMemoryMiB,
    // The image has curl, the lab's has not; bash opens sockets itself.
    healthTest: [
      ...["CMD", "bash", "-c"],
      `${HEALTH} ${ports.map((port, i) => `${i + 3}<>/dev/tcp/127.0.0.1/${port}`).join(" ")}`,
    ],
    scratch: ["/tmp"],
  };
}

/** The files that a server whose gRPC is by TLS reads its keys from. Pure. */
export function secretFiles({ tls }: Pick<AccessConfig, "tls">, made: Credentials): SecretFile[] {
  if (tls === "off") return [];
  return [
    { name: TLS_FILES["grpc-server-cert"], content: made.serverCert },
    { name: TLS_FILES["grpc-server-key"], content: made.serverKey },
    { name: TLS_FILES["grpc-root-cert"], content: made.ca },
  ];
}
