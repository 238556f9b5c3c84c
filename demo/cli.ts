import { command } from "../lib/cli/spec.ts";
import { OPTIONS } from "./options.ts";

export const demo = command(
  {
    name: "npx lathe demo",
    summary:
      "Shows all of Lathe on this machine: a lab of three hosts, a stack on each, the paper's matrix, the report. Then it takes " +
      "everything down again.",
    options: OPTIONS,
    details: [
      "In eight minutes every cell gets three visits or more, because the slow model is measured with two of the ten photographs. " +
        "That is enough for answers, but not to know each cell to 2 %. `npx lathe bench` measures the whole matrix. More time gives " +
        "more precision: --budget 60 --requests 100 asks for 2 % in every cell.",
      "First it installs or builds what this machine lacks, once, and keeps it in ~/.cache/lathe. You can kill it and start it " +
        "again at any time. It connects to other machines only to download packages.",
    ],
    examples: [
      ["npx lathe demo", "everything, from nothing to the report"],
      ["npx lathe demo --servers all", "a server of every kind on one host, one at a time: which is best?"],
      [
        "npx lathe demo --distance",
        "SSD over links like the paper's and without: what bound each call, where to serve",
      ],
      ["npx lathe demo --keep", "and then look around: npx lathe lab status"],
    ],
    exits: { 0: "every cell was measured", 1: "something failed: the summary says what" },
  },
  async (values) =>
    values.servers === undefined || values.distance === true
      ? (await import("./demo.ts")).runDemo(values)
      : (await import("./servers.ts")).runServersDemo(values, values.servers),
);
