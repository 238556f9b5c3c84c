import { type Options, jsonOption } from "../lib/cli/spec.ts";

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
