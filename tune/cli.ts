import { command } from "../lib/cli/spec.ts";
import { TUNE } from "./options.ts";

export const tune = command(
  {
    name: "npx lathe tune",
    summary:
      "Measures whether other settings of a server are better on its machine than the rule's, and writes them into the stack's config file.",
    options: TUNE,
    details: [
      "The rule derives a server's settings from its machine's facts. A tuning makes variants of the deployed server beside it, each with " +
        "other settings, and calls them and one with the rule's settings in turn. Meanwhile the deployed server is frozen. The machine thaws it " +
        "afterwards, even if this process is killed. Only settings that fresh measurements confirm, or a grid, are offered (docs/tune.md).",
    ],
    examples: [
      ["npx lathe tune --stack edge --for throughput", "which settings answer the most calls a second?"],
      [
        'npx lathe tune --stack edge --for "p99 < 200 ms at 10/s" --budget 20m',
        "which have the lowest p99 at that rate?",
      ],
      ["npx lathe tune --stack edge --grid 30", "measure every setting often: it takes hours"],
      ["npx lathe up --stack edge", "afterwards: give the server the settings that were written"],
    ],
    exits: {
      0: "a winner was found, or the rule is as good",
      1: "failed",
      3: "inconclusive: the budget or a grid's rounds were too few, or the server fails with the rule's settings",
      130: "interrupted: go on with --resume",
    },
  },
  async (values) => (await import("./command.ts")).tune(values),
);
