import { z } from "zod";
import { HostFacts } from "./hosts/facts.ts";
import { DeployedAccess } from "./outputs-access.ts";

/*
 * The only contract between infra and bench: what a stack promises to whoever measures it. Stacks write their outputs
 * through these schemas and the bench reads them through the same ones.
 */

/** How to reach a machine by OpenSSH. */
export const SshTarget = z.object({
  /** Destination as `ssh` takes it: `user@host`, a Host alias of the ssh config, or `ssh://user@host:port`. */
  destination: z.string().min(1),
  /** An ssh config file to use instead of the user's own (`ssh -F`), where the stack's config names one. */
  configFile: z.string().optional(),
});
export type SshTarget = z.infer<typeof SshTarget>;

/** The thread settings of a server on one machine, and the reason for each. */
export const ThreadPlan = z.object({
  /** Physical cores that the host's processes may use. */
  physicalCores: z.number().int().positive(),
  ompNumThreads: z.number().int().positive(),
  intraOpParallelism: z.number().int().positive(),
  interOpParallelism: z.number().int().positive(),
  /** Logical CPUs the container is pinned to, as Docker's `--cpuset-cpus` takes them; absent: not pinned. */
  cpuSet: z.string().optional(),
  /** Memory nodes of those CPUs, as `--cpuset-mems` takes them. */
  memorySet: z.string().optional(),
  /** Why, in a sentence or two for people. */
  reason: z.string(),
});
export type ThreadPlan = z.infer<typeof ThreadPlan>;

/** A model as it is deployed. */
export const DeployedModel = z.object({
  /** Name on the server; in the catalogue too, unless `from` says where it is from. */
  name: z.string().min(1),
  /** The version that is live, and has the label `stable`. */
  version: z.number().int().positive(),
  /** SHA-256 of the delivered model archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Another catalogue name, or a folder of the user's own. */
  from: z.string().optional(),
  /** A version that is served beside it, and has the label `canary`. */
  canary: z
    .object({ version: z.number().int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/), from: z.string() })
    .optional(),
  /** Which of the paper's models this stands for, if any. */
  paperModel: z.enum(["rfcn", "ssd"]).optional(),
  /** Its detections mean nothing (untrained weights): only its time may be reported. */
  timingOnly: z.boolean(),
  /** The model that answers a constant: its latency is protocol and wire without a model. */
  isNull: z.boolean(),
  /** Name of the label map its class numbers index, if it has one. */
  labels: z.string().optional(),
  signatures: z.array(z.string()),
});
export type DeployedModel = z.infer<typeof DeployedModel>;

/** One server on one machine. */
export const Deployment = z.object({
  /** Role of the machine: `client`, `cloud`, `edge`, or a name of the user's own. */
  role: z.string().min(1),
  ssh: SshTarget.nullable().describe("null: the machine that runs the program (stack `dev`)"),
  /** Where other machines reach the server's ports. */
  address: z.string().min(1),
  grpcPort: z.number().int().positive(),
  restPort: z.number().int().positive(),
  facts: HostFacts,
  threads: ThreadPlan,
  server: z.object({
    kind: z.string().describe('server kind: "tf-serving"'),
    container: z.string().describe("the container's name on that machine"),
    image: z.string().describe("image reference with digest, as it was deployed"),
    /** True where a stand-in serves in place of the real server's binary: said wherever its numbers appear. */
    standIn: z.boolean(),
    /** Whether OMP/KMP and the TENSORFLOW_* variables act in this image. */
    intelBuild: z.boolean(),
    env: z.record(z.string(), z.string()),
    /** Where the server tells its own latencies in Prometheus' text form, at the REST port; absent where it does not. */
    metricsPath: z.string().startsWith("/").optional(),
  }),
  models: z.array(DeployedModel),
  /** Folder on the machine that Lathe owns: models, agents, locks. Destroy removes it. */
  workspace: z.string().min(1),
  /** Who may reach the server, and how; absent in outputs of before there was a choice: everyone, in the clear. */
  access: DeployedAccess.optional(),
});
export type Deployment = z.infer<typeof Deployment>;

/** The stack output `lathe`. */
export const StackOutputs = z.object({
  schema: z.literal("lathe.outputs/1"),
  deployments: z.array(Deployment).min(1),
});
export type StackOutputs = z.infer<typeof StackOutputs>;
