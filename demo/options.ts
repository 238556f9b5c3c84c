import { type Options, type Values, jsonOption } from "../lib/cli/spec.ts";
import { readValues } from "../lib/cli/values.ts";

export const OPTIONS = {
  keep: { type: "boolean", help: "leave the lab and its stacks up, and say how to go on with them" },
  name: { type: "string", value: "LAB", help: "name of the lab (default: LATHE_LAB, else lathe)" },
  budget: {
    ...{ type: "string", value: "MINUTES", default: "8" },
    help: "time for the matrix; every cell is visited once, whatever it takes",
  },
  requests: { type: "string", value: "N", help: "measured calls a cell, at most", default: "10" },
  repeat: {
    ...{ type: "string", value: "N", default: "1" },
    help: "measure the matrix so many times, and say how well the runs agree",
  },
  images: { type: "string", value: "1,2", help: "photographs by number (default: all ten)" },
  json: jsonOption("lathe.report/1", { alsoTable: true }),
} as const satisfies Options;

/** How much the demo measures, checked. @throws WrongUse with all faults at once */
export function demoSize(values: Values<typeof OPTIONS>) {
  const read = readValues("npx lathe demo");
  const size = {
    requests: read.whole("requests", values.requests, 1),
    budget: read.number("budget", values.budget, 0.01),
    repeat: read.whole("repeat", values.repeat, 1),
  };
  read.end();
  return size;
}
