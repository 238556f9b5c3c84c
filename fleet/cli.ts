import { command } from "../lib/cli/spec.ts";
import { DOWN, UP } from "./options.ts";

const WHICH =
  "All stacks are those with a config file (Pulumi.NAME.yaml) and those that the backend knows; `dev`, the one on this " +
  "machine's own Docker engine, only counts where it is named.";
const GOES_ON =
  "A stack that fails stops no other one; its reason and the next command stand below the table. Ctrl-C lets the engines " +
  "finish what they have begun and begins nothing new; pressed again it ends them at once. What is unfinished is then listed, " +
  "with the command that goes on.";

export const up = command(
  {
    name: "npx lathe up",
    summary: "Brings every stack up, several at once: each is `pulumi up`, with one table at the end.",
    options: UP,
    details: [
      `${WHICH} A config file whose stack the backend does not know makes one.`,
      GOES_ON,
      "The same as `npx lathe pulumi up --stack NAME` for each: both can be mixed freely.",
    ],
    examples: [
      ["npx lathe up --stack cloud,edge", "two of them"],
      ["npx lathe up --refresh", "after somebody has meddled with a machine"],
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
      ["npx lathe down", "everything"],
      ["npx lathe down --stack edge", "one machine"],
    ],
    exits: { 0: "every stack is down", 1: "a stack is not", 130: "interrupted" },
  },
  async (values) => (await import("./command.ts")).fleet("down", values),
);
