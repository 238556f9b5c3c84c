import { gate } from "../gate/gate.ts";
import { GateSpec } from "./specs.ts";
import { resourceProgram } from "./program.ts";

export const program = resourceProgram(GateSpec, async (_action, spec) => gate(spec));
