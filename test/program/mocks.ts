import * as pulumi from "@pulumi/pulumi";
import type { ServerConfig, StackConfig } from "../../infra/config/types.ts";
import type { HostFacts } from "../../infra/hosts/facts.ts";
import { accessConfig } from "../../infra/config/access.ts";
import type { HostLogin } from "../../infra/hosts/login.ts";
import type { ModelArtifact } from "../../infra/models/spec.ts";

/** A resource as the program asked for it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** Puts Pulumi under mocks; gives the list that every resource of the program will be in. */
export async function mockPulumi(
  report: object,
  { preview = false, stack = "edge", organization = "" } = {},
): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs: inputs as Record<string, unknown> });
        const state: Record<string, unknown> = { ...(inputs as object) };
        if (type === "docker:index/remoteImage:RemoteImage") state["imageId"] = `sha256:${"f".repeat(64)}`;
        if (type === "pulumi:index:Stash") state["output"] = state["input"];
        if (type === "command:local:Command" && !preview) state["stdout"] = JSON.stringify(report);
        return { id: `${name}-id`, state };
      },
      call: () => ({}),
    },
    "lathe",
    stack,
    preview,
    organization,
  );
  return registered;
}

/** Waits until the program has told Pulumi all it has to: the next mocks must not hear of this program's resources. */
export function settled(): Promise<void> {
  return pulumi.runtime.disconnect();
}

/** An i7-10510U, the paper's edge machine: four cores, eight hyper-threads. */
export const edgeFacts: HostFacts = {
  hostname: "edge",
  os: "Ubuntu 20.04.6 LTS",
  kernel: "5.4.0",
  arch: "x86_64",
  cpu: {
    model: "Intel(R) Core(TM) i7-10510U CPU @ 1.80GHz",
    logical: Array.from({ length: 8 }, (_, cpu) => ({ cpu, core: cpu % 4, socket: 0, node: 0, online: true })),
    allowed: [0, 1, 2, 3, 4, 5, 6, 7],
    quotaCpus: null,
  },
  memoryBytes: 16 * 2 ** 30,
  docker: { version: "20.10.21", apiVersion: "1.41", storageDriver: "overlay2" },
};

/** The SSH user `ubuntu` on it. */
export const edgeLogin: HostLogin = {
  uid: 1000,
  gid: 1000,
  reachedAt: "192.0.2.7",
  addresses: ["192.0.2.7", "172.17.0.1"],
  published: {},
  boot: "b/1",
};

/** The one server of the stack `edge`. */
export const edgeConfig: ServerConfig = {
  ...{ name: "edge", id: "edge", kind: "tf-serving" },
  models: [{ name: "null", version: undefined }],
  image: undefined,
  ports: { grpc: 8500, rest: 8501 },
  container: "tf-serving",
  settings: { pin: "none" },
  memoryMiB: undefined,
  pidsLimit: 4096,
  gateTimeoutSeconds: 180,
  workspace: ".lathe/lathe-edge",
  access: accessConfig({}, []),
};

/** The stack `edge` beside its servers. */
export const edgeStack: Omit<StackConfig, "servers"> = {
  role: "edge",
  ssh: { destination: "ubuntu@edge.example" },
  address: undefined,
  bootstrap: "false",
  workspace: ".lathe/lathe-edge",
};

/** A model ready for delivery. */
export function artifact(name: string, version = 1, sha256 = "a".repeat(64)): ModelArtifact {
  return {
    deployed: { name, version, sha256, timingOnly: false, isNull: name === "null", signatures: ["serving_default"] },
    versions: [{ version, sha256, source: name }],
    gate: [{ name, version, signature: "serving_default", input: "inputs" }],
  };
}
