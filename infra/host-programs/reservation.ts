import { clearRoom, makeRoom } from "../ownership/reservation.ts";
import { RoomSpec } from "./specs.ts";
import { resourceProgram } from "./program.ts";

export const program = resourceProgram(
  RoomSpec,
  async (action, spec) => {
    await (action === "create" ? makeRoom(spec) : clearRoom(spec));
    return undefined;
  },
  ({ container }) => `container ${container}, which starts with the machine`,
);
