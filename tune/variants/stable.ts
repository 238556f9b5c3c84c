import { routesOf } from "../../bench/targets/routes.ts";
import { watchServers } from "../../bench/targets/watch-servers.ts";
import type { Cell } from "../../bench/matrix/cell.ts";
import { type PlannedEndpoint } from "../../infra/access/plan.ts";
import type { Machine, Server } from "../../infra/outputs.ts";
import { usableMiB } from "../../infra/resources/container-args.ts";
import type { Trial } from "../space.ts";
import { askMemoryMiB, startContainer, whyDown, writeOwnFile } from "./container.ts";
import { createArgs, type DeployedContainer, ownFiles } from "./create-args.ts";
import { type Keeper, tuneFolder } from "./keeper.ts";
import { type Resident, toEvict } from "./residents.ts";

/** A variant that has started. */
export interface Started {
  /** As the bench reaches and watches it. */
  readonly server: Server;
  readonly routes: ReturnType<typeof routesOf>;
  readonly watch: ReturnType<typeof watchServers>;
  /** Whether its first calls are still to come. */
  isNew: boolean;
}

/** The sources of variants. */
export interface StableSources {
  readonly tuning: string;
  readonly machines: readonly Machine[];
  readonly machine: Machine;
  readonly server: Server;
  readonly deployed: readonly Server[];
  readonly like: DeployedContainer;
  readonly endpoints: readonly PlannedEndpoint[];
  readonly trials: readonly Trial[];
  readonly memoryBytes: number;
  readonly keeper: Keeper;
}

/** The variants of a tuning on their machine. Each is started when it is first needed, then frozen and thawed. It is removed if memory is short. */
export class Stable {
  readonly #from: StableSources;
  readonly #here = new Map<string, Started & { visited: number; mib: number | undefined }>();
  #deployedMiB: number | undefined;
  #visits = 0;
  #starts = 0;

  constructor(from: StableSources) {
    this.#from = from;
  }

  /** How often a variant was started. */
  get starts(): number {
    return this.#starts;
  }

  /**
   * Lets an arm's variant run, and no other.
   *
   * @param needed arms whose variants are wanted soon
   * @returns the variant, and whether it was frozen until now
   * @throws UserError if it cannot be started
   */
  async run(arm: string, needed: readonly string[]): Promise<{ variant: Started; thawed: boolean }> {
    const known = this.#here.get(arm);
    if (known !== undefined) {
      await this.#from.keeper.turn(known.server.container);
      known.visited = ++this.#visits;
      return { variant: known, thawed: true };
    }
    await this.#makeRoom(needed);
    await this.#from.keeper.turn(undefined);
    return { variant: await this.#start(arm), thawed: false };
  }

  /** Measures a variant's memory after its first answer. */
  async weigh(arm: string): Promise<void> {
    const variant = this.#here.get(arm);
    if (variant !== undefined) variant.mib = await askMemoryMiB(this.#from.machine, variant.server.container);
  }

  /** Why an arm's container does not run; undefined if it does. */
  whyDown(arm: string): Promise<string | undefined> {
    return whyDown(this.#from.machine, this.#nameOf(arm));
  }

  async remove(arm: string): Promise<void> {
    const variant = this.#here.get(arm);
    this.#here.delete(arm);
    await this.#from.keeper.remove(this.#nameOf(arm));
    await variant?.routes.close();
    await variant?.watch.close();
  }

  async close(): Promise<void> {
    const all = [...this.#here.values()];
    this.#here.clear();
    // First, because clients of the deployed server wait.
    await this.#from.keeper.close();
    for (const { routes, watch } of all) {
      await routes.close();
      await watch.close();
    }
  }

  async #makeRoom(needed: readonly string[]): Promise<void> {
    const { deployed, machine, memoryBytes } = this.#from;
    if (this.#deployedMiB === undefined) {
      const all = await Promise.all(deployed.map(({ container }) => askMemoryMiB(machine, container)));
      this.#deployedMiB = all.reduce((sum: number, mib) => sum + (mib ?? 0), 0);
    }
    const residents = [...this.#here].map(([arm, { mib, visited }]): Resident => ({ arm, mib, lastVisit: visited }));
    for (const gone of toEvict(residents, usableMiB(memoryBytes), this.#deployedMiB, needed)) await this.remove(gone);
  }

  async #start(arm: string): Promise<Started> {
    const { machine, machines, server, like, endpoints, trials, tuning, keeper } = this.#from;
    const trial = trials.find((one) => one.arm.id === arm);
    const [rule] = trials;
    if (trial === undefined || rule === undefined) throw new Error(`no arm ${arm}`);
    const name = this.#nameOf(arm);
    this.#starts++;
    const files: Record<string, string> = {};
    for (const [i, file] of ownFiles(trial.spec, rule.spec).entries()) {
      const path = `${tuneFolder(server)}/${name}/${i}`;
      await writeOwnFile(machine, path, file.content);
      files[file.name] = path;
    }
    const args = createArgs({ ...{ name, tuning, endpoints, ownFiles: files }, ...trial }, like);
    const open = await startContainer(machine, name, args, endpoints).catch(async (error: unknown) => {
      await keeper.remove(name);
      throw error;
    });
    await keeper.turn(name);
    const own: Server = {
      ...server,
      ...{ container: name, endpoints: open, placement: trial.placement, metrics: undefined },
      access: { ...server.access, expose: "tunnel" },
    };
    const deployment = { machines, servers: [own] };
    const variant = {
      ...{ server: own, routes: routesOf(deployment), watch: watchServers(deployment, () => performance.now()) },
      ...{ isNew: true, visited: ++this.#visits, mib: undefined },
    };
    this.#here.set(arm, variant);
    return variant;
  }

  /** The container's name. It tells a person who looks at the machine which server it belongs to. */
  #nameOf(arm: string): string {
    const index = this.#from.trials.findIndex((trial) => trial.arm.id === arm);
    return `${this.#from.server.container}-tune-${index}`;
  }
}

/** A cell for a variant, with the fields that routes and watches read. Pure. */
export function cellOf(
  client: Machine,
  kind: Pick<Cell, "client" | "api" | "protocol" | "input">,
  what: Pick<Cell, "model" | "image" | "load">,
  server: Server,
  local: boolean,
): Cell {
  return {
    ...{ id: server.container, clientMachine: client.id, server: server.id, serverMachine: server.machineId, local },
    ...kind,
    ...what,
  };
}
