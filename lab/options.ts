import { jsonOption, type Options } from "../lib/cli/spec.ts";

/** Options of `lathe lab`. */
export const OPTIONS = {
  name: {
    ...{ type: "string", value: "LAB" },
    help: "which lab; several stand side by side (default: LATHE_LAB, else lathe)",
  },
  hosts: { type: "string", value: "A,B", help: "hosts of these names (default: client,cloud,edge)", on: ["up"] },
  "delay-ms": {
    ...{ type: "string", value: "N", on: ["link"] },
    help: "hold every packet back N ms each way; a round trip takes 2N longer",
  },
  "bandwidth-mbit": { type: "string", value: "N", help: "let N megabits a second through, each way", on: ["link"] },
  clear: { type: "boolean", help: "as fast as it goes again", on: ["link"] },
  json: jsonOption("lathe.lab/1", { on: ["up", "status"] }),
} as const satisfies Options;
