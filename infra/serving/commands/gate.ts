import { gate } from "../gate.ts";
import { GateSpec } from "../specs.ts";
import { resourceMain } from "./main.ts";

await resourceMain(GateSpec, async (_action, spec) => gate(spec));
