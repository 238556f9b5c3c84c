import { gate } from "../gate/gate.ts";
import { GateSpec } from "../gate/spec.ts";
import { serverKind } from "../servers/registry.ts";
import { resourceProgram } from "./program.ts";

export const program = resourceProgram(GateSpec, async (_action, spec) => gate(spec, serverKind(spec.kind).gate));
