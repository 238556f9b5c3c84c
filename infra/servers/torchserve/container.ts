import { z } from "zod";
import type { Credentials } from "../../access/certificates.ts";
import type { AccessConfig } from "../../access/config.ts";
import { SECRETS_PATH } from "../../access/plan.ts";
import type { ContainerSpec, ModelToServe, SecretFile } from "../kind.ts";
import { servedBy, settingsEnv, type TorchServeSettings } from "./settings.ts";

export const REST_PORT = 8080;
export const GRPC_PORT = 7070;
/** Open on the container's own loopback alone: for the gate and the health test. */
export const MANAGEMENT_PORT = 8081;

const MODELS_PATH = "/models";
const CONFIG_FILE = "config.properties";
const LOG_FILE = "log4j2.xml";
/** The rest of the root is read-only. */
const SCRATCH = "/tmp";
const LOGS = `${SCRATCH}/logs`;
/** In the manifest of the form `torch`; what Lathe calls a version is the folder that is registered. */
const ARCHIVE_VERSION = "1.0";
/** The largest body in either direction: the pixels of an image of 22 million pixels. */
const LARGEST_BODY = 2 ** 26;
const SERVER_KEY = "server.key";
const SERVER_CERT = "server.pem";

/** What the gate must know of what is served. */
export const Serving = z.object({
  workers: z.number().int().positive(),
  batchSize: z.number().int().positive(),
  batchDelayMs: z.number().int().min(0),
  /** Of each model, in which folder of the container its live version lies. */
  folders: z.record(z.string(), z.string()),
});
export type Serving = z.infer<typeof Serving>;

/** Where a model's version lies below the models folder. Pure. */
export const modelPath = (model: string, version: number): string => `${model}/${version}`;

/**
 * The container, with TorchServe's config as a file. Each version folder is registered as it lies there; no archive is unpacked. Pure.
 */
export function container(
  models: readonly ModelToServe[],
  settings: TorchServeSettings,
  access: Pick<AccessConfig, "tls" | "rest">,
): ContainerSpec {
  const served = servedBy(settings);
  const folders = Object.fromEntries(models.map((m) => [m.name, `${MODELS_PATH}/${modelPath(m.name, m.version)}`]));
  return {
    env: {
      ...settingsEnv(settings),
      // Debian's torch has OpenMP threads of its own around OpenBLAS; the image of the project has no OpenBLAS.
      OPENBLAS_NUM_THREADS: "1",
      ...{ HOME: SCRATCH, TEMP: SCRATCH, LOG_LOCATION: LOGS, METRICS_LOCATION: LOGS },
      PYTHONDONTWRITEBYTECODE: "1",
    },
    command: [START],
    modelsPath: MODELS_PATH,
    files: [
      { name: CONFIG_FILE, content: configText(folders, access) },
      { name: LOG_FILE, content: LOG_CONFIG },
    ],
    serving: { ...served, folders } satisfies Serving,
    healthTest: ["CMD", "bash", "-c", HEALTH, "bash", ...Object.keys(folders)],
    scratch: [SCRATCH],
  };
}

/**
 * A line of shell, which TorchServe's image runs. A container's first process obeys only signals that it handles, and TorchServe's
 * handles none; and the image would go on without its server.
 */
const START =
  `torchserve --start --foreground --ncs --ts-config ${MODELS_PATH}/${CONFIG_FILE} --log-config ${MODELS_PATH}/${LOG_FILE} & ` +
  `server=$!; trap "kill $server" TERM; wait $server; exit`;

/** TorchServe's own config; it takes what stands between `$$` from its environment. */
function configText(
  folders: Readonly<Record<string, string>>,
  { tls, rest }: Pick<AccessConfig, "tls" | "rest">,
): string {
  const batch = `{"batchSize": $$TS_BATCH_SIZE$$, "maxBatchDelay": $$TS_MAX_BATCH_DELAY$$}`;
  const batches = Object.keys(folders).map((name) => `"${name}": {"${ARCHIVE_VERSION}": ${batch}}`);
  const lines = {
    // Closed means that it is open on the container's own loopback alone.
    inference_address: `http://${rest === "off" ? "127.0.0.1" : "0.0.0.0"}:${REST_PORT}`,
    management_address: `http://127.0.0.1:${MANAGEMENT_PORT}`,
    grpc_inference_address: "0.0.0.0",
    grpc_inference_port: GRPC_PORT,
    grpc_management_address: "127.0.0.1",
    grpc_management_port: GRPC_PORT + 1,
    enable_metrics_api: false,
    disable_system_metrics: true,
    ...(tls === "off"
      ? {}
      : {
          enable_grpc_ssl: true,
          private_key_file: `${SECRETS_PATH}/${SERVER_KEY}`,
          certificate_file: `${SECRETS_PATH}/${SERVER_CERT}`,
        }),
    // Lathe keeps strangers away otherwise. With tokens TorchServe writes a file of keys where it is started, and dies of a read-only root.
    disable_token_authorization: true,
    enable_model_api: false,
    install_py_dep_per_model: false,
    allowed_urls: `file://${MODELS_PATH}/.*`,
    model_store: MODELS_PATH,
    load_models: Object.entries(folders)
      .map(([name, folder]) => `${name}=${folder}`)
      .join(","),
    models: `{${batches.join(", ")}}`,
    default_workers_per_model: "$$TS_DEFAULT_WORKERS_PER_MODEL$$",
    number_of_netty_threads: "$$TS_NUMBER_OF_NETTY_THREADS$$",
    netty_client_threads: "$$TS_NUMBER_OF_NETTY_THREADS$$",
    max_request_size: LARGEST_BODY,
    max_response_size: LARGEST_BODY,
    async_logging: true,
    vmargs: "-Xmx512m -XX:MaxDirectMemorySize=512m -XX:+ExitOnOutOfMemoryError",
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/**
 * Warnings, and what the workers print, on standard output; but for the line that each request would have. TorchServe's own config
 * writes some lines for each request into files as well, which would fill the container's scratch folder.
 */
const LOG_CONFIG = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration>
  <Appenders>
    <Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="%d{ISO8601} [%-5p] %t %c{1} - %m%n"/></Console>
  </Appenders>
  <Loggers>
    <Logger name="MODEL_LOG" level="info" additivity="false">
      <RegexFilter regex="Backend received inference at: .*" onMatch="DENY" onMismatch="ACCEPT"/>
      <AppenderRef ref="out"/>
    </Logger>
    <Logger name="ACCESS_LOG" level="off"/>
    <Logger name="TS_METRICS" level="off"/>
    <Logger name="MODEL_METRICS" level="off"/>
    <Root level="warn"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
`;

/**
 * The management API's answer for the model $1, on standard output: bash opens sockets itself. TorchServe keeps the connection, whatever is
 * asked of it: so it is read as far as its head says.
 */
export const DESCRIBE = String.raw`exec 3<>/dev/tcp/127.0.0.1/${MANAGEMENT_PORT} || exit 1
printf 'GET /models/%s HTTP/1.1\r\nhost: localhost\r\n\r\n' "$1" >&3
length=0
while IFS= read -r line <&3; do
  printf '%s\n' "$line"; line=${"$"}{line%?}
  case $line in "") break;; [Cc]ontent-[Ll]ength:*) length=${"$"}{line##* };; esac
done
head -c "$length" <&3
`;

/** How often the kernel has killed a process for want of memory, a line `@@`, and what `DESCRIBE` says. */
export const LOOK = `cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; printf '@@\\n'; ${DESCRIBE}`;

/** Whether every model has a worker that has loaded it. (/ping is fine before they have, and minutes after they died.) */
const HEALTH = `describe() {
${DESCRIBE}}
for model; do describe "$model" | grep -q '"status": "READY"' || exit 1; done`;

/** Key and certificate of gRPC; REST's TLS takes RSA keys alone, and Lathe's are of an elliptic curve. Pure. */
export function secretFiles({ tls }: Pick<AccessConfig, "tls">, made: Credentials): SecretFile[] {
  if (tls === "off") return [];
  return [
    { name: SERVER_KEY, content: made.serverKey },
    { name: SERVER_CERT, content: made.serverCert },
  ];
}
