import { type Options, jsonOption } from "../lib/cli/spec.ts";
import { list, number, positive } from "../lib/cli/values.ts";

export const OPTIONS = {
  name: { value: "LAB", help: "which lab; there may be several (default: LATHE_LAB, else lathe)" },
  hosts: { value: "A,B", read: list, help: "hosts of these names (default: client,cloud,edge)", on: ["up"] },
  "delay-ms": {
    ...{ value: "N", read: number(0), on: ["link"] },
    help: "hold every packet back N ms each way; a round trip takes 2N longer",
  },
  "bandwidth-mbit": {
    ...{ value: "N", read: positive, on: ["link"] },
    help: "let N megabits a second through, each way",
  },
  clear: { help: "remove the delay and the limit of bandwidth", on: ["link"] },
  json: jsonOption("lathe.lab-status/2", { on: ["up", "status"] }),
} as const satisfies Options;
