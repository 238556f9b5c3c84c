import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dockerProvider, remoteImage } from "../../infra/resources/docker-engine.ts";
import { planAccess, type AccessSources } from "../../infra/access/plan.ts";
import { chainName } from "../../infra/access/firewall-rules.ts";
import { GateSpec } from "../../infra/gate/spec.ts";
import { FirewallSpec } from "../../infra/host-programs/firewall.ts";
import type { Server } from "../../infra/outputs.ts";
import { NO_LEFTOVERS } from "../../infra/ownership/leftovers.ts";
import { ModelServer } from "../../infra/resources/model-server.ts";
import { workspaceFolder } from "../../infra/resources/server-files.ts";
import { plannedEndpoints } from "../../infra/servers/endpoints.ts";
import { defaultServerKind } from "../../infra/servers/registry.ts";
import { artifact, edgeConfig, edgeFacts, edgeLogin, mockPulumi, settled, type Registered } from "./mocks.ts";

afterEach(settled);

const IMAGE = `registry.example/tfs@sha256:${"b".repeat(64)}`;
const REPORT = { standIn: true, env: { OMP_NUM_THREADS: "4" }, command: [] };

let registered: Registered[];
beforeEach(async () => {
  registered = await mockPulumi(REPORT);
});

function make(
  models = [artifact("ssd-mobilenet"), artifact("null")],
  wanted: object = { pin: "none" },
  access: Partial<AccessSources> = {},
  kind = defaultServerKind,
): ModelServer {
  const target = { destination: "ubuntu@edge.example" };
  const provider = dockerProvider("docker.edge", target);
  const config = access.config ?? edgeConfig.access;
  const { settings, placement } = kind.settingsFor(edgeFacts, wanted);
  const deployed = models.map((m) => m.deployed);
  const spec = kind.container(deployed, settings, config);
  const workspace = "/home/ubuntu/.lathe/lathe-edge";
  const whose = { target, owner: "lathe/edge", id: provider.id };
  return new ModelServer("edge.ubuntu-edge.example", {
    ...{ provider, target, kind, placement, spec, models, workspace, config: edgeConfig, owner: "lathe/edge" },
    remoteImage: remoteImage("image.edge", IMAGE, target, provider, "lathe/edge", "image"),
    machineId: "edge",
    address: "192.0.2.7",
    access: planAccess({
      ...{ config, endpoints: plannedEndpoints(kind, edgeConfig.ports, config) },
      ...{ address: "192.0.2.7", resolved: [], login: edgeLogin, container: "tf-serving", allowed: [] },
      ...{ owner: "lathe/edge", engine: edgeFacts.docker.version },
      ...access,
    }),
    freshCredentials: undefined,
    proxyImage: undefined,
    facts: edgeFacts,
    memoryMiB: 14592,
    image: IMAGE,
    folder: workspaceFolder("machine.edge-workspace", { ...whose, workspace, files: spec.files }, {}),
    leftovers: NO_LEFTOVERS,
  });
}

const outputOf = (server: ModelServer) => new Promise<Server>((resolve) => server.server.apply(resolve));

const find = (type: string, name: string): Registered => {
  const found = registered.find((r) => r.type === type && r.name.endsWith(name));
  if (!found) throw new Error(`no ${type} ${name} among ${registered.map((r) => r.name).join(", ")}`);
  return found;
};

describe("the container of a model server", () => {
  test("has the paper's name, ports and thread settings", async () => {
    await outputOf(make());
    const { inputs } = find("docker:index/container:Container", "-container");
    expect(inputs).toMatchObject({
      name: "tf-serving",
      image: `sha256:${"f".repeat(64)}`,
      envs: [
        "MODEL_BASE_PATH=/models",
        "MODEL_NAME=ssd-mobilenet",
        "OMP_NUM_THREADS=4",
        "TENSORFLOW_INTER_OP_PARALLELISM=2",
        "TENSORFLOW_INTRA_OP_PARALLELISM=4",
      ],
      command: [
        "--model_config_file=/models/models.config",
        "--monitoring_config_file=/models/monitoring.config",
        "--allow_version_labels_for_unavailable_models=true",
        "--max_num_load_retries=0",
      ],
      ports: [
        { external: 8500, ip: "127.0.0.1" },
        { external: 8500, ip: "192.0.2.7" },
        { external: 8501, ip: "127.0.0.1" },
        { external: 8501, ip: "192.0.2.7" },
      ],
      restart: "always",
    });
    expect(inputs["cpuSet"]).toBeUndefined();
  });

  test("is hardened, and reads its models read-only", async () => {
    await outputOf(make());
    expect(find("docker:index/container:Container", "-container").inputs).toMatchObject({
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      memory: 14592,
      mounts: [{ type: "bind", source: "/home/ubuntu/.lathe/lathe-edge/models", target: "/models", readOnly: true }],
    });
  });

  test("is pinned to one logical CPU of each core where the policy says so", async () => {
    await outputOf(make(undefined, { pin: "physical" }));
    expect(find("docker:index/container:Container", "-container").inputs["cpuSet"]).toBe("0-3");
    const spec = GateSpec.parse(JSON.parse(String(find("command:local:Command", "-gate").inputs["stdin"])));
    expect(spec).toMatchObject({ cpuSet: "0-3", memorySet: "0" });
  });
});

describe("the image", () => {
  test("is pulled by digest, and destroy removes it where no other stack uses it", async () => {
    await outputOf(make());
    expect(find("docker:index/remoteImage:RemoteImage", "image.edge").inputs).toMatchObject({
      name: IMAGE,
      keepLocally: true,
    });
    expect(find("command:local:Command", "image.edge-claim").inputs["delete"]).toContain("run.ts image delete");
  });

  test("and the container come over the user's own OpenSSH, with one shared connection", async () => {
    await outputOf(make());
    const { inputs } = find("pulumi:providers:docker", "docker.edge");
    expect(inputs["host"]).toBe("ssh://ubuntu@edge.example");
    expect(JSON.parse(String(inputs["sshOpts"]))).toContain("ControlMaster=auto");
  });
});

describe("a server that is reached by SSH alone", () => {
  const config = { ...edgeConfig.access, expose: "tunnel" } as const;
  const login = { ...edgeLogin, firewall: { may: "yes", now: [], noted: {} } } as const;

  test("is guarded by the host's firewall where its Docker lets neighbours route past loopback, and not started before", async () => {
    await outputOf(make(undefined, undefined, { config, login, engine: "27.5.1" }));
    const { inputs } = find("command:local:Command", "-firewall");
    const spec = FirewallSpec.parse(JSON.parse(String(inputs["stdin"])));
    expect(spec).toMatchObject({
      allow: [],
      bind: ["127.0.0.1"],
      note: "/home/ubuntu/.lathe/lathe-edge/.firewall-tf-serving",
      setting: 1,
    });
    const network = find("docker:index/network:Network", "-network").inputs["name"];
    expect(network).toBe(spec.bridge);
    const container = find("docker:index/container:Container", "-container").inputs;
    expect(container).toMatchObject({
      networkMode: network,
      restart: "no",
      ports: [
        { external: 8500, ip: "127.0.0.1" },
        { external: 8501, ip: "127.0.0.1" },
      ],
    });
    const gate = GateSpec.parse(JSON.parse(String(find("command:local:Command", "-gate").inputs["stdin"])));
    expect(gate.tunnel).toBe(true);
  });

  test("is as it ever was on an engine that keeps to loopback, and where no rule can be set", async () => {
    for (const access of [
      { engine: "28.0.1", login },
      { engine: "20.10.24", login: { ...edgeLogin, firewall: { ...login.firewall, may: "no-root" } } as const },
    ]) {
      registered.splice(0);
      await outputOf(make(undefined, undefined, { config, ...access }));
      expect(registered.filter((r) => /firewall|network/.test(r.name))).toEqual([]);
      const container = find("docker:index/container:Container", "-container").inputs;
      expect(container).toMatchObject({ networkMode: "bridge", restart: "always" });
    }
  });

  test("has rules that are set again, and nothing else, where the host no more has them", async () => {
    const access = { config, engine: "20.10.24" };
    await outputOf(make(undefined, undefined, { ...access, login }));
    const before = registered.splice(0);
    const spec = FirewallSpec.parse(
      JSON.parse(String(before.find((r) => r.name.endsWith("-firewall"))?.inputs["stdin"])),
    );
    const chain = chainName(spec.bridge);
    const noted = { [chain]: ["1 b/1", `iptables -A DOCKER-USER -j ${chain}`] };
    await outputOf(
      make(undefined, undefined, { ...access, login: { ...edgeLogin, firewall: { may: "yes", now: [], noted } } }),
    );
    const changed = registered.filter((now) => {
      const old = before.find((r) => r.name === now.name);
      return JSON.stringify(old?.inputs) !== JSON.stringify(now.inputs);
    });
    expect(changed.map((r) => r.name)).toEqual(["edge.ubuntu-edge.example-firewall"]);
    // Its triggers are what they were: it is set again in place, and nothing is undone.
    expect(changed[0]?.inputs["triggers"]).toEqual(before.find((r) => r.name === changed[0]?.name)?.inputs["triggers"]);
  });
});

describe("models", () => {
  test("are delivered one resource each, and one models.config names them all", async () => {
    await outputOf(make());
    const workspace = JSON.parse(String(find("command:local:Command", "-workspace").inputs["stdin"])) as {
      files: { name: string; content: string }[];
    };
    expect(workspace.files.map((f) => f.name)).toEqual(["models.config", "monitoring.config"]);
    expect(workspace.files[0]?.content.match(/base_path: "(.*)"/g)).toHaveLength(2);
    for (const name of ["ssd-mobilenet-1", "null-1"]) {
      expect(find("command:local:Command", `-model-${name}`).inputs["create"]).toContain("run.ts deliver create");
    }
  });

  test("in a new version bring a delivery of its own and change the gate, not the container", async () => {
    await outputOf(make([artifact("null", 1)]));
    const before = registered.splice(0);
    await outputOf(make([artifact("null", 2, "c".repeat(64))]));
    const changed = registered.filter((now) => {
      const old = before.find((r) => r.name === now.name);
      return JSON.stringify(old?.inputs) !== JSON.stringify(now.inputs);
    });
    expect(changed.map((r) => r.name).sort()).toEqual([
      "edge.ubuntu-edge.example-gate",
      "edge.ubuntu-edge.example-model-null-2",
      // It writes the first config of a server only: a config that was seen to serve is the gate's.
      "machine.edge-workspace",
    ]);
  });
});

test("another version means another container where the kind cannot roll it out", async () => {
  const gate = { ...defaultServerKind.gate };
  delete gate.rollOut;
  const labels: unknown[] = [];
  for (const version of [1, 1, 2]) {
    registered.splice(0);
    await outputOf(make([artifact("null", version)], undefined, {}, { ...defaultServerKind, gate }));
    labels.push(find("docker:index/container:Container", "-container").inputs["labels"]);
  }
  expect(labels[1]).toEqual(labels[0]);
  expect(labels[2]).not.toEqual(labels[0]);
});

describe("the gate", () => {
  test("is asked again when the container, the settings or the models change", async () => {
    await outputOf(make());
    const { inputs } = find("command:local:Command", "-gate");
    expect(inputs["triggers"]).toContain("edge.ubuntu-edge.example-container-id");
    expect(inputs["update"]).toBeUndefined();
    expect(GateSpec.parse(JSON.parse(String(inputs["stdin"])))).toMatchObject({
      address: "192.0.2.7",
      containerId: "edge.ubuntu-edge.example-container-id",
      models: [{ name: "ssd-mobilenet" }, { name: "null" }],
    });
  });

  test("gives the outputs what it read back of the image: its note and its size", async () => {
    const seen = { standIn: false, note: "Its native backends are not used.", imageBytes: 2_000_000_000 };
    registered = await mockPulumi({ ...REPORT, ...seen });
    expect(await outputOf(make())).toMatchObject(seen);
  });

  test("gives the outputs what it read back, and a stand-in is called so", async () => {
    const told = await outputOf(make());
    expect("note" in told || "imageBytes" in told).toBe(false);
    expect(told).toMatchObject({
      ...{ id: "edge", machineId: "edge", image: IMAGE, standIn: true, build: "intel" },
      settings: { OMP_NUM_THREADS: "4" },
      placement: { physicalCores: 4 },
      endpoints: [
        { api: "tf-serving", protocol: "grpc", port: 8500, security: "none" },
        { api: "tf-serving", protocol: "rest", port: 8501, security: "none" },
      ],
    });
  });
});

test("what an endpoint speaks and takes is so in the gate's spec and in the outputs", async () => {
  const spoken = { also: ["made-up"], inputs: ["pixels" as const] };
  const endpoints = defaultServerKind.endpoints.map((endpoint) => ({ ...endpoint, ...spoken }));
  const told = await outputOf(make(undefined, undefined, {}, { ...defaultServerKind, endpoints }));
  const gate = GateSpec.parse(JSON.parse(String(find("command:local:Command", "-gate").inputs["stdin"])));
  for (const { endpoints: found } of [told, gate]) expect(found).toMatchObject([spoken, spoken]);
});

test("no path of this machine is in what the state keeps of a command", async () => {
  await outputOf(make());
  const commands = registered.filter((r) => r.type === "command:local:Command");
  expect(commands).toHaveLength(6);
  expect(JSON.stringify(commands)).not.toContain(process.cwd());
});

test("every child carries its server's name, and the host in it", async () => {
  await outputOf(make());
  const children = registered.filter((r) => /Command|Container/.test(r.type) && !/^(image|machine)\./.test(r.name));
  expect(children.every((r) => r.name.startsWith("edge.ubuntu-edge.example-"))).toBe(true);
});

test("a preview waits for the gate instead of inventing its answer", async () => {
  registered = await mockPulumi(REPORT, { preview: true });
  const known = await new Promise((resolve) => {
    const { server } = make();
    void (server as unknown as { isKnown: Promise<boolean> }).isKnown.then(resolve);
  });
  expect(known).toBe(false);
  expect(pulumi.runtime.isDryRun()).toBe(true);
});
