import type { AccessConfig } from "../../access/config.ts";
import type { ContainerSpec, ModelToServe } from "../kind.ts";
import { pluginConfig, type OpenvinoSettings } from "./settings.ts";

export const GRPC_PORT = 9000;
export const REST_PORT = 9001;
const MODELS_PATH = "/models";
/** Name of the config file in the models folder. */
export const CONFIG_FILE = "config.json";

/** What its gate must know: the text of the config file that the server reads at its start. */
export interface Serving {
  readonly config: string;
}

/**
 * The container: all models of the server in one process, by a config file that does not change while it runs. The properties of
 * `plugin_config` are its environment too, where the engine shows them (`settingsShown`). Pure.
 */
export function container(
  models: readonly ModelToServe[],
  settings: OpenvinoSettings,
  { rest }: Pick<AccessConfig, "rest">,
): ContainerSpec {
  const plugin = pluginConfig(settings);
  const config = configText(models, settings, rest === "open");
  return {
    env: Object.fromEntries(Object.entries(plugin).map(([name, value]) => [name, `${value}`])),
    command: [
      `--config_path=${MODELS_PATH}/${CONFIG_FILE}`,
      `--port=${GRPC_PORT}`,
      "--grpc_bind_address=0.0.0.0",
      ...(rest === "off" ? [] : [`--rest_port=${REST_PORT}`, "--rest_bind_address=0.0.0.0"]),
      // Another config or version is another container: nothing is to be looked for.
      "--file_system_poll_wait_seconds=0",
    ],
    modelsPath: MODELS_PATH,
    files: [{ name: CONFIG_FILE, content: config }],
    serving: { config } satisfies Serving,
    // Metrics come by REST in the clear: where that is closed, nobody can read them.
    ...(rest === "open" ? { metrics: { api: "openvino", protocol: "rest", path: "/metrics" } } : {}),
    healthTest: [
      "CMD",
      "bash",
      "-c",
      ...(rest === "off" ? [OPENS, "bash", `${GRPC_PORT}`] : [IS_READY, "bash", `${REST_PORT}`]),
    ],
    scratch: ["/tmp"],
  };
}

/** The image has neither curl nor wget, but bash opens sockets itself. */
const OPENS = "exec 3<>/dev/tcp/127.0.0.1/$1";

/** Ports are open before models are loaded: whether they are is asked. */
const IS_READY = String.raw`${OPENS}
printf 'GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r line <&3; [[ $line == *' 200 '* ]]`;

/** The server's `config.json`: each model with the versions that are deployed. */
function configText(models: readonly ModelToServe[], settings: OpenvinoSettings, metrics: boolean): string {
  const entries = models.map(({ name, version, canary }) => ({
    config: {
      name,
      base_path: `${MODELS_PATH}/${name}`,
      target_device: "CPU",
      model_version_policy: { specific: { versions: [version, ...(canary === undefined ? [] : [canary.version])] } },
      plugin_config: pluginConfig(settings),
    },
  }));
  const document = { model_config_list: entries, monitoring: { metrics: { enable: metrics } } };
  return `${JSON.stringify(document, null, 2)}\n`;
}
