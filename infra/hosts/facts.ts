import { z } from "zod";
import { CONTROLLERS } from "./controllers.ts";

/** One line of `lscpu -p=CPU,CORE,SOCKET,NODE,ONLINE`, with what tells kinds of core apart where the host says it. */
export const LogicalCpu = z.object({
  cpu: z.number().int().nonnegative(),
  /** Core id: logical CPUs that share it are hyper-threads of one physical core. Null if the host does not say. */
  core: z.number().int().nonnegative().nullable(),
  socket: z.number().int().nonnegative().nullable(),
  node: z.number().int().nonnegative().nullable(),
  online: z.boolean(),
  /** Kind of core, where the host mixes kinds and says which is which (Intel hybrid, ARM big.LITTLE); absent elsewhere. */
  kind: z.enum(["performance", "efficiency"]).optional(),
});
export type LogicalCpu = z.infer<typeof LogicalCpu>;

/** What a machine says of itself, read over SSH. Plain data: it goes into stack outputs and into every record. */
export const HostFacts = z.object({
  hostname: z.string(),
  /** SHA-256 of `/etc/machine-id`, in hex: tells machines apart; absent where a host has none. */
  machineId: z.string().optional(),
  os: z.string().describe('as /etc/os-release names it: "Debian GNU/Linux 12 (bookworm)"'),
  kernel: z.string(),
  arch: z.string().describe("uname -m"),
  cpu: z.object({
    model: z.string(),
    /** Every logical CPU of the hardware, in order. */
    logical: z.array(LogicalCpu),
    /** The logical CPUs a process of this host may run on (affinity and cpuset), in order. */
    allowed: z.array(z.number().int().nonnegative()),
    /** CPU time a cgroup quota allows, in CPUs (0.5 = half of one); null if there is no quota. */
    quotaCpus: z.number().positive().nullable(),
  }),
  memoryBytes: z.number().int().positive().describe("usable: the cgroup's limit where that is below the hardware's"),
  /** NUMA nodes whose memory the host's processes may use, in order; absent where the host does not tell. */
  nodes: z
    .array(z.object({ node: z.number().int().nonnegative(), memoryBytes: z.number().int().positive() }))
    .optional(),
  docker: z.object({
    version: z.string(),
    apiVersion: z.string(),
    storageDriver: z.string(),
    /** Controllers that the engine cannot use: its containers have no such limit. Absent: none. */
    lacks: z.array(z.enum(CONTROLLERS)).optional(),
  }),
});
export type HostFacts = z.infer<typeof HostFacts>;
