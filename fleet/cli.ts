import { command } from "../lib/cli/spec.ts";
import { DOWN, IMAGES, UP } from "./options.ts";

const WHICH =
  "All stacks: those with a config file (Pulumi.NAME.yaml) and those that the backend knows. `dev`, the stack on this " +
  "machine's own Docker engine, is taken only if you name it.";
const GOES_ON =
  "If a stack fails, the others go on; its reason and the next command are below the table. Ctrl-C lets the engines " +
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
      "For each stack this is the same as `npx lathe pulumi up --stack NAME`; you can mix both.",
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
      "Takes every stack down, several at once: each is `pulumi destroy`, and nothing of Lathe's stays on its machine.",
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

export const images = command(
  {
    name: "npx lathe images",
    summary: "Shows which image each tag stands for in this project, and which its registry says it stands for now.",
    options: IMAGES,
    details: [
      "The first `up` that meets a tag (`NAME:TAG`) keeps its digest in images.lock.json, beside the stacks' config files. From then " +
        "on the tag means that image for every stack, even if the registry moves it, until you pass --move. Keep the file in " +
        "your version control. An image that is named by its digest (`NAME@sha256:…`) needs no lock.",
      "The Docker engine of a machine that has the image asks the registry.",
    ],
    examples: [
      ["npx lathe images", "what is locked, and what has moved on since"],
      ["npx lathe images --move && npx lathe up", "what each tag says now, on all machines"],
    ],
    exits: { 0: "shown, and moved if asked for", 1: "an image or a stack could not be looked at" },
  },
  async (values) => (await import("./images.ts")).images(values),
);
