import { REPORT_SCHEMA } from "../bench/format/schemas.ts";
import { type Options, jsonOption } from "../lib/cli/spec.ts";
import { serverKindNames } from "../infra/servers/registry.ts";
import { imageNumbers, listOf, number, whole } from "../lib/cli/values.ts";

/** Time for the matrix where nobody says it: the servers' has cells of which a visit takes seconds. */
export const BUDGET_MINUTES = { paper: 8, servers: 12 } as const;

export const OPTIONS = {
  keep: { help: "leave the lab and its stacks up, and say how to go on with them" },
  name: { value: "LAB", help: "name of the lab (default: LATHE_LAB, else lathe)" },
  servers: {
    ...{ value: "KINDS", read: listOf(["all", ...serverKindNames]), completes: ["all", ...serverKindNames] },
    help: "in place of the paper's matrix, measure servers of these kinds (all: every kind) on one host: which is best?",
  },
  distance: {
    help: "in place of the paper's matrix, measure SSD over links like the paper's and without them",
  },
  budget: {
    ...{ value: "MINUTES", read: number(0.01) },
    help: `time for the matrix (default: ${BUDGET_MINUTES.paper}; --servers: ${BUDGET_MINUTES.servers}); every cell is visited once, even if that takes longer`,
  },
  requests: {
    value: "N",
    read: whole(1),
    help: "measured calls a cell, at most; --servers: the experiments say it",
    default: "25",
  },
  repeat: {
    ...{ value: "N", read: whole(1), default: "1" },
    help: "measure the matrix N times, and say how well the runs agree",
  },
  images: {
    ...{ value: "1,2", read: imageNumbers },
    help: "photographs by number (default: all ten, of the slow model two)",
  },
  full: { help: "print every table in place of the summary" },
  json: jsonOption(REPORT_SCHEMA, { alsoTable: true }),
} as const satisfies Options;
