import { routesOf } from "../../bench/targets/routes.ts";
import { watchServers } from "../../bench/targets/watch-servers.ts";
import type { Cell } from "../../bench/matrix/cell.ts";
import { type PlannedEndpoint } from "../../infra/access/plan.ts";
import { containersOf, type Machine, type Replica, type Server } from "../../infra/outputs.ts";
import { usableMiB } from "../../infra/resources/container-args.ts";
import type { Container, Trial } from "../space.ts";
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
  /** The memory limit of a container that the config sets; undefined: the deployed containers' limits in all are shared. */
  readonly limitMiB: number | undefined;
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
      await this.#from.keeper.turn(namesOf(known.server));
      known.visited = ++this.#visits;
      return { variant: known, thawed: true };
    }
    await this.#makeRoom(arm, needed);
    await this.#from.keeper.turn([]);
    return { variant: await this.#start(arm), thawed: false };
  }

  /** Measures a variant's memory after its first answer. */
  async weigh(arm: string): Promise<void> {
    const variant = this.#here.get(arm);
    if (variant !== undefined) variant.mib = await this.#memoryOf(namesOf(variant.server));
  }

  /** MiB that containers have in memory; undefined: not known of one. */
  async #memoryOf(names: readonly string[]): Promise<number | undefined> {
    const all = await Promise.all(names.map((name) => askMemoryMiB(this.#from.machine, name)));
    return all.reduce((sum, mib) => (sum === undefined || mib === undefined ? undefined : sum + mib), 0);
  }

  /** Why one of an arm's containers does not run; undefined if all do. */
  async whyDown(arm: string): Promise<string | undefined> {
    const { names } = this.#trialOf(arm);
    return (await Promise.all(names.map((name) => whyDown(this.#from.machine, name)))).find((why) => why !== undefined);
  }

  async remove(arm: string): Promise<void> {
    const variant = this.#here.get(arm);
    this.#here.delete(arm);
    await this.#from.keeper.remove(this.#trialOf(arm).names);
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

  async #makeRoom(arm: string, needed: readonly string[]): Promise<void> {
    const { deployed, memoryBytes } = this.#from;
    if (this.#deployedMiB === undefined) {
      const all = await Promise.all(deployed.flatMap(namesOf).map((name) => this.#memoryOf([name])));
      this.#deployedMiB = all.reduce((sum: number, mib) => sum + (mib ?? 0), 0);
    }
    const residents = [...this.#here].map(([one, { server, mib, visited }]): Resident => ({
      ...{ arm: one, containers: namesOf(server).length, mib, lastVisit: visited },
    }));
    const starting = this.#trialOf(arm).names.length;
    for (const gone of toEvict(residents, usableMiB(memoryBytes), this.#deployedMiB, needed, starting))
      await this.remove(gone);
  }

  async #start(arm: string): Promise<Started> {
    const { machines, server, keeper } = this.#from;
    const { trial, names } = this.#trialOf(arm);
    this.#starts++;
    const made: Made[] = [];
    try {
      for (const [i, one] of [trial, ...trial.replicas].entries())
        made.push(await this.#make(names[i] ?? "", one, names.length));
    } catch (error) {
      await keeper.remove(names);
      throw error;
    }
    await keeper.turn(names);
    const [first, ...others] = made;
    if (first === undefined) throw new Error(`no container of arm ${arm}`);
    const { replicas: _deployed, ...deployed } = server;
    const own: Server = {
      ...deployed,
      ...{ ...first, metrics: undefined },
      ...(others.length === 0 ? {} : { replicas: others.map(replicaOf(server)) }),
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

  /** Makes and starts one of an arm's containers. @param containers how many the arm has */
  async #make(name: string, { spec, placement }: Container, containers: number): Promise<Made> {
    const { machine, server, like, limitMiB, endpoints, trials, tuning } = this.#from;
    const files: Record<string, string> = {};
    for (const [i, file] of ownFiles(spec, trials[0]?.spec ?? spec).entries()) {
      const path = `${tuneFolder(server)}/${name}/${i}`;
      await writeOwnFile(machine, path, file.content);
      files[file.name] = path;
    }
    const share = like.memoryMiB && Math.floor((like.memoryMiB * namesOf(server).length) / containers);
    const memoryMiB = like.memoryMiB && (limitMiB ?? share);
    const args = createArgs({ name, tuning, endpoints, spec, placement, ownFiles: files }, { ...like, memoryMiB });
    return { container: name, placement, endpoints: await startContainer(machine, name, args, endpoints) };
  }

  /** An arm's trial and its containers' names. They tell a person who looks at the machine which server they belong to. */
  #trialOf(arm: string): { readonly trial: Trial; readonly names: readonly string[] } {
    const index = this.#from.trials.findIndex((trial) => trial.arm.id === arm);
    const trial = this.#from.trials[index];
    if (trial === undefined) throw new Error(`no arm ${arm}`);
    const name = `${this.#from.server.container}-tune-${index}`;
    return { trial, names: [name, ...trial.replicas.map((_, i) => `${name}-${i + 2}`)] };
  }
}

/** A container of a variant that has started. */
type Made = Pick<Server, "container" | "placement" | "endpoints">;

const namesOf = (server: Server): readonly string[] => containersOf(server).map(({ container }) => container);

/** A variant's further container as outputs have it: its folder is the deployed server's. */
const replicaOf =
  ({ workspace }: Server) =>
  ({ container, placement, endpoints }: Made): Replica => ({
    ...{ container, placement, workspace, ports: endpoints.map(({ port }) => port) },
  });

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
