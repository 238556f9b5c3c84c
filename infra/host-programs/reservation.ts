import { release, reserve } from "../ownership/reservation.ts";
import { ReservationSpec } from "../ownership/spec.ts";
import { resourceProgram } from "./program.ts";

export const program = resourceProgram(
  ReservationSpec,
  (action, spec) => (action === "create" ? reserve(spec) : release(spec)),
  ({ container }) => `container ${container}, which starts with the machine`,
);
