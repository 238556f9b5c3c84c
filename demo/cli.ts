import { command } from "../lib/cli/spec.ts";
import { OPTIONS } from "./options.ts";

export const demo = command(
  {
    name: "npx lathe demo",
    summary:
      "The whole of Lathe on this machine: a lab of three hosts, a stack on each, the paper's matrix, the report; then all of " +
      "it is taken down again.",
    options: OPTIONS,
    details: [
      "Eight minutes give every cell three visits or more, because the slow model is measured with two of the ten photographs: " +
        "enough to answer, too few to know each cell to 2 %. `npx lathe bench` measures all of the matrix. More time gives more " +
        "precision: --budget 60 --requests 100 asks for 2 % of every cell.",
      "What it needs and this machine lacks is installed or built first, once, and kept in ~/.cache/lathe. It can be killed " +
        "and started again at any time. Nothing of it reaches outside this machine but package downloads.",
    ],
    examples: [
      ["npx lathe demo", "everything, from nothing to the report"],
      ["npx lathe demo --repeat 2", "the matrix twice: how well two runs agree is in the second one's report"],
      ["npx lathe demo --keep", "and then look around: npx lathe lab status"],
    ],
    exits: { 0: "every cell was measured", 1: "something failed: the summary says what" },
  },
  async (values) => (await import("./demo.ts")).runDemo(values),
);
