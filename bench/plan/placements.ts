import { type Machine, type Server, isSameMachine } from "../../infra/outputs.ts";
import type { Placement } from "../matrix/cells.ts";
import type { Experiment } from "../matrix/experiments/schema.ts";

/** Whether a server is meant by a name: its id, or its kind. */
export const isCalled = ({ id, kind }: Server, name: string) => id === name || kind === name;

/** Which machine calls which server, among those that are deployed. Pure. */
export function placements(
  {
    clientMachines = ["client"],
    serverMachines,
    servers,
  }: Pick<Experiment, "clientMachines" | "serverMachines" | "servers">,
  machines: readonly Machine[],
  deployed: readonly Server[],
): Placement[] {
  const byId = new Map(machines.map((m) => [m.id, m]));
  const isLocal = (client: Machine, { machineId }: Server) => {
    const machine = byId.get(machineId);
    return machine !== undefined && isSameMachine(client, machine);
  };
  const asked = deployed.filter(
    (server) =>
      (!Array.isArray(serverMachines) || serverMachines.includes(server.machineId)) &&
      (servers?.some((name) => isCalled(server, name)) ?? true),
  );
  if (clientMachines === "same")
    return asked.map((server) => ({ clientMachine: server.machineId, server, local: true }));
  const others = serverMachines === undefined || serverMachines === "others";
  return machines
    .filter((machine) => clientMachines.includes(machine.id))
    .flatMap((client) =>
      asked
        .filter((server) => !others || server.machineId !== client.id)
        .map((server) => ({ clientMachine: client.id, server, local: isLocal(client, server) })),
    );
}
