import { command } from "../lib/cli/spec.ts";
import { DOWN, UP } from "./options.ts";

const WHICH =
  "All stacks: those with a config file (Pulumi.NAME.yaml) and those that the backend knows. `dev`, the stack on this " +
  "machine's own Docker engine, is taken only if you name it.";
const GOES_ON =
  "If a stack fails, the others go on; its reason and the next command stand below the table. Ctrl-C lets the engines " +
  "finish what they have begun, and begins nothing new; a second Ctrl-C ends them at once. The command then lists what is " +
  "unfinished, and how to go on.";

export const up = command(
  {
    name: "npx lathe up",
    summary: "Brings every stack up, several at once: each is `pulumi up`, with one table at the end.",
    options: UP,
    details: [
      `${WHICH} If the backend does not know the stack of a config file, \`up\` makes it.`,
      GOES_ON,
      "The same as `npx lathe pulumi up --stack NAME` for each: both can be mixed freely.",
    ],
    examples: [
      ["npx lathe up --stack cloud,edge", "two of them"],
      ["npx lathe up --refresh", "if somebody has changed a machine by hand"],
      ["npx lathe up --json | jq '.stacks[].result'", "for a program"],
    ],
    exits: { 0: "every stack is up", 1: "a stack is not", 130: "interrupted" },
  },
  async (values) => (await import("./command.ts")).fleet("up", values),
);

export const down = command(
  {
    name: "npx lathe down",
    summary:
      "Takes every stack down, several at once: each is `pulumi destroy`, which leaves nothing of Lathe's on its machine.",
    options: DOWN,
    details: [WHICH, "The stacks and their config stay: `npx lathe up` brings all back.", GOES_ON],
    examples: [
      ["npx lathe down", "everything: it asks first; with --all it does not"],
      ["npx lathe down --stack edge", "one machine"],
    ],
    exits: { 0: "every stack is down", 1: "a stack is not", 130: "interrupted" },
  },
  async (values) => (await import("./command.ts")).fleet("down", values, values.all === true),
);
