import { command } from "../lib/cli/spec.ts";
import { TUNE } from "./options.ts";

export const tune = command(
  {
    name: "npx lathe tune",
    summary:
      "Finds settings of a server that beat the rule's on its machine, and writes them into the stack's config file.",
    options: TUNE,
    details: [
      "Variants of the deployed server are made beside it, each with other settings, and race against the rule's settings. The deployed " +
        "server stands still meanwhile, and runs again afterwards, even if this process is killed. Only what fresh measurements confirm " +
        "is offered (docs/tune.md).",
    ],
    examples: [
      ["npx lathe tune --stack edge --for throughput", "as many calls a second as it can"],
      ['npx lathe tune --stack edge --for "p99 < 200 ms at 10/s" --budget 20m', "a promise"],
      ["npx lathe up --stack edge", "afterwards: the server gets the settings that were written"],
    ],
    exits: {
      0: "a winner was found, or the rule is as good",
      1: "failed",
      3: "inconclusive: the budget ended first",
      130: "interrupted: go on with --resume",
    },
  },
  async (values) => (await import("./command.ts")).tune(values),
);
