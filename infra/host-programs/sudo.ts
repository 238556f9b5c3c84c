import { unwrap, wrap } from "../hosts/bootstrap/bootstrap.ts";
import { WRAPPER } from "../hosts/bootstrap/bootstrap-script.ts";
import { SudoSpec } from "./specs.ts";
import { resourceProgram } from "./program.ts";

export const program = resourceProgram(
  SudoSpec,
  async (action, { target, owner, id }) => {
    await (action === "create" ? wrap(target, { owner, id }) : unwrap(target, { owner, id }));
    return undefined;
  },
  () => `the way to Docker through sudo (${WRAPPER})`,
);
