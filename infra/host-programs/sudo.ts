import { unwrap, wrap } from "../hosts/bootstrap/bootstrap.ts";
import { WRAPPER } from "../hosts/bootstrap/bootstrap-script.ts";
import { Owned } from "../ownership/spec.ts";
import { resourceProgram } from "./program.ts";

/** The SSH user's `docker` goes through sudo. */
export const program = resourceProgram(
  Owned,
  async (action, { target, ...by }) => {
    await (action === "create" ? wrap(target, by) : unwrap(target, by));
  },
  () => `the way to Docker through sudo (${WRAPPER})`,
);
