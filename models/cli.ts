import { printResult } from "../lib/cli/result.ts";
import { command, jsonOption } from "../lib/cli/spec.ts";

const JSON_OPTION = jsonOption("lathe.models/1", { on: ["list", "fetch"] });

export const models = command(
  {
    name: "npx lathe models",
    summary: "Lists the models that Lathe can deploy, and fetches and converts them ahead of time.",
    operands: "[ACTION]",
    actions: {
      list: "names, licences, sources",
      fetch: "NAME…: download, check and convert these models, or all (otherwise `up` does it)",
      lock: "NAME SOURCE: fetch a source, and write its checksum to models/lock.yaml",
    },
    otherwise: "list",
    options: { json: JSON_OPTION },
    details: [
      "fetch checks a model's files against models/lock.yaml and converts them to SavedModels. lock fetches one source from the " +
        "Internet, converts it and writes its checksum to models/lock.yaml. From then on that source is used, and must not change.",
    ],
    examples: [
      ["npx lathe models", "the list"],
      ["npx lathe models fetch ssd-mobilenet null", "two models, ready for delivery"],
    ],
    exits: { 0: "done", 1: "a model has no source that can be used" },
    completes: "models",
  },
  async (values, names, { action }) => {
    const { modelsCommand } = await import("./command.ts");
    return modelsCommand(action, names, (text, document) => printResult(JSON_OPTION, values.json, text, document));
  },
);
