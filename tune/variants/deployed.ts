import { z } from "zod";
import { mustRunOn } from "../../infra/hosts/connection/remote.ts";
import type { Machine, Server } from "../../infra/outputs.ts";
import { ID_LABEL, OWNER_LABEL, SERVER_LABEL } from "../../infra/hosts/labels.ts";
import { SECRETS_PATH } from "../../infra/access/plan.ts";
import { UserError } from "../../lib/errors.ts";
import type { DeployedContainer } from "./create-args.ts";

/** Words that may stand in an argument of `docker create`. */
const label = z.string().regex(/^[\w.:/@-]{1,300}$/);
const path = z.string().regex(/^\/[\w.@+/-]{1,300}$/);

const Inspected = z.object({
  Image: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  Config: z.object({ User: z.string().regex(/^(\d{1,10}(:\d{1,10})?)?$/), Labels: z.record(z.string(), z.string()) }),
  HostConfig: z.object({
    NetworkMode: z.string().regex(/^[\w.-]{1,200}$/),
    Memory: z.number().int().nonnegative(),
    PidsLimit: z.number().int().nullable(),
  }),
  Mounts: z.array(z.object({ Source: path, Destination: z.string(), RW: z.boolean() })),
});

const MIB = 2 ** 20;

/**
 * Reads what `docker container inspect` printed of the deployed container. Pure.
 *
 * @throws UserError if it is not the container that Lathe has made for this server
 */
export function readDeployed(printed: string, server: Pick<Server, "container" | "workspace">): DeployedContainer {
  const refuse = (why: string) =>
    new UserError({
      what: `container ${server.container}: ${why}`,
      expected: "the container that `up` has made for this server",
      fix: "npx lathe up --refresh",
    });
  let told: unknown;
  try {
    told = JSON.parse(printed);
  } catch {
    throw refuse("docker container inspect printed something else than JSON");
  }
  const read = z.array(Inspected).length(1).safeParse(told);
  const found = read.data?.[0];
  if (found === undefined)
    throw refuse(
      `docker printed something unexpected of it (${read.error?.issues[0]?.path.slice(1).join(".") ?? "?"})`,
    );
  const owner = z.object({ id: label, owner: label, server: label }).safeParse({
    ...{ id: found.Config.Labels[ID_LABEL], owner: found.Config.Labels[OWNER_LABEL] },
    server: found.Config.Labels[SERVER_LABEL],
  });
  if (!owner.success) throw refuse("it does not have the labels of a stack");
  const secrets = found.Mounts.find(({ Destination }) => Destination === SECRETS_PATH);
  const { Memory, PidsLimit, NetworkMode } = found.HostConfig;
  return {
    ...{ imageId: found.Image, user: found.Config.User, network: NetworkMode, owner: owner.data },
    memoryMiB: Memory === 0 ? undefined : Math.floor(Memory / MIB),
    pidsLimit: PidsLimit === null || PidsLimit <= 0 ? undefined : PidsLimit,
    modelsDir: `${server.workspace}/models`,
    secretsDir: secrets?.Source,
  };
}

/** Asks the machine's engine for the deployed container. */
export async function askDeployed(machine: Pick<Machine, "ssh">, server: Server): Promise<DeployedContainer> {
  const command = ["docker", "container", "inspect", server.container];
  return readDeployed(await mustRunOn(machine.ssh, command, `look at container ${server.container}`), server);
}
