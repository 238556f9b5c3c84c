import type { Options, Values } from "../lib/cli/spec.ts";
import { readValues } from "../lib/cli/values.ts";

/** Options of `up` and `down`, but for `--json`. */
export const OPTIONS = {
  stack: {
    type: "string",
    value: "A,B",
    help: "these stacks only, `dev` too if it is named (default: all but `dev`)",
    completes: "stacks",
  },
  parallel: {
    ...{ type: "string", value: "N" },
    help: "stacks at once (default: four a processor, fewer where memory is short)",
  },
  refresh: { type: "boolean", help: "look at the machines first: a container that was stopped by hand is seen" },
  project: {
    ...{ type: "string", value: "DIR", completes: "files" },
    help: "folder with Pulumi.yaml and the config files (default: this checkout)",
  },
} as const satisfies Options;

/** Which stacks, and how many at once, checked; undefined where nothing was said. @throws WrongUse with all faults at once */
export function fleetChoice(action: "up" | "down", values: Values<typeof OPTIONS>) {
  const read = readValues(`npx lathe ${action}`);
  const parallel = values.parallel === undefined ? undefined : read.whole("parallel", values.parallel, 1);
  const stacks = read.list("stack", values.stack);
  read.end();
  return { parallel, stacks };
}
