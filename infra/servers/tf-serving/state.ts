import type { GateState } from "../kind.ts";
import { CONFIG_FILE, configText, isServed, readConfigText, servingOf } from "./models-config.ts";

/** The models' config file on the host: it says what was last seen to serve, so that a server which restarts comes up with that. */
export const state: GateState = {
  file: CONFIG_FILE,
  text: (run) => {
    const { models, basePath } = servingOf(run);
    return configText(models, basePath, true);
  },
  isProven: (text) => readConfigText(text)?.proven === true,
  serves: (text, model, version) => isServed(readConfigText(text)?.models ?? [], model, version),
};
