import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, test, vi } from "vitest";
import { accessConfig } from "../../infra/config/access.ts";
import { declare } from "../../infra/deploy.ts";
import type { ServerConfig } from "../../infra/config/types.ts";
import { replicasOf } from "../../infra/config/replicas.ts";
import type { StackOutputs, StackSecrets } from "../../infra/outputs.ts";
import {
  artifact,
  edgeConfig,
  edgeFacts,
  edgeLogin,
  edgeStack,
  mockPulumi,
  settled,
  type Registered,
} from "./mocks.ts";

afterEach(settled);

const IMAGE = `registry.example/tfs@sha256:${"b".repeat(64)}`;
const REPORT = { standIn: false, env: {}, command: [] };

const machine = (destination: string | null, more: Partial<typeof edgeStack> = {}) => ({
  config: { ...edgeStack, ...more },
  target: destination === null ? null : { destination },
  ...{ facts: edgeFacts, home: "/root", login: edgeLogin, address: destination === null ? "127.0.0.1" : "192.0.2.7" },
});
const config = { ...edgeConfig, image: IMAGE };
const prepared = (...configs: ServerConfig[]) => configs.map((own) => ({ config: own, models: [artifact("null")] }));

/** Declares them, and gives what they promise once all is registered. */
async function outputsOf(...args: Parameters<typeof declare>): Promise<StackOutputs> {
  const { lathe } = await declare(...args);
  return new Promise((resolve) => lathe.apply(resolve));
}

const commands = (registered: readonly Registered[], end: string) =>
  registered.filter((r) => r.type === "command:local:Command" && r.name.endsWith(end));
const stdin = (one: Registered | undefined) => JSON.parse(String(one?.inputs["stdin"])) as Record<string, unknown>;

/** Three servers on this machine, as the stack `dev` has them. */
const three = ["client", "cloud", "edge"].map((name, i) => ({
  ...{ ...config, name, id: `dev/${name}`, container: `tf-serving-${name}`, workspace: `.lathe/lathe-dev/${name}` },
  ports: { grpc: 8500 + 10 * i, rest: 8501 + 10 * i },
}));

test("servers of one machine are told apart by id, ports, container and folder, and share its image and its memory", async () => {
  const registered = await mockPulumi(REPORT, { stack: "dev" });
  const here = machine(null, { role: "dev", workspace: ".lathe/lathe-dev" });
  const { machine: told, servers } = await outputsOf(here, prepared(...three));

  expect(told).toMatchObject({ id: "dev", ssh: null, workspace: "/root/.lathe/lathe-dev" });
  expect(
    servers.map((s) => [s.id, s.machineId, s.endpoints.map(({ port }) => port), s.container, s.workspace]),
  ).toEqual([
    ["dev/client", "dev", [8500, 8501], "tf-serving-client", "/root/.lathe/lathe-dev/client"],
    ["dev/cloud", "dev", [8510, 8511], "tf-serving-cloud", "/root/.lathe/lathe-dev/cloud"],
    ["dev/edge", "dev", [8520, 8521], "tf-serving-edge", "/root/.lathe/lathe-dev/edge"],
  ]);
  expect(registered.filter((r) => r.type === "docker:index/remoteImage:RemoteImage")).toHaveLength(1);
  const containers = registered.filter((r) => r.type === "docker:index/container:Container");
  // Nine tenths of 16 GiB, shared by three.
  expect(containers.map((c) => c.inputs["memory"])).toEqual([4864, 4864, 4864]);
  // Each server's files are in its own folder, and those are below the machine's, which is made first.
  const folders = commands(registered, "-workspace");
  expect(folders.map((f) => [f.name, stdin(f)["workspace"], (stdin(f)["files"] as unknown[]).length])).toEqual([
    ["machine.local-workspace", "/root/.lathe/lathe-dev", 0],
    ["client.local-workspace", "/root/.lathe/lathe-dev/client", 2],
    ["cloud.local-workspace", "/root/.lathe/lathe-dev/cloud", 2],
    ["edge.local-workspace", "/root/.lathe/lathe-dev/edge", 2],
  ]);
  // What is of one server is never taken for another's of the same stack.
  const label = (c: Registered) =>
    (c.inputs["labels"] as { label: string; value: string }[]).find((l) => l.label === "org.lathe.server")?.value;
  expect(containers.map(label)).toEqual(["client.local", "cloud.local", "edge.local"]);
  expect(commands(registered, "-reservation").map((r) => stdin(r)["server"])).toEqual(containers.map(label));
});

test("a server with a memory limit of its own leaves the rest to the others", async () => {
  const registered = await mockPulumi(REPORT, { stack: "dev" });
  const [first = config, ...others] = three;
  await outputsOf(machine(null, { role: "dev" }), prepared({ ...first, memoryMiB: 1024 }, ...others));
  const containers = registered.filter((r) => r.type === "docker:index/container:Container");
  expect(containers.map((c) => c.inputs["memory"])).toEqual([1024, 6656, 6656]);
});

test("a machine whose engine lacks controllers gets servers without those limits, a gate that does not ask for them, and a warning", async () => {
  const warned: string[] = [];
  const warn = vi.spyOn(pulumi.log, "warn").mockImplementation((text) => (warned.push(text), Promise.resolve()));
  const registered = await mockPulumi(REPORT);
  const edge = machine("edge.example");
  const lacks = ["memory", "pids"] as const;
  const facts = { ...edge.facts, docker: { ...edge.facts.docker, lacks: [...lacks] } };
  const access = { ...config.access, rest: "token", proxyImage: IMAGE.replace("tfs", "haproxy") } as const;
  await outputsOf({ ...edge, facts }, prepared({ ...config, memoryMiB: 1024, access }));
  warn.mockRestore();
  const containers = registered.filter((r) => r.type === "docker:index/container:Container");
  expect(containers.map((c) => ["memory" in c.inputs, "memorySwap" in c.inputs])).toEqual(
    Array(2).fill([false, false]),
  );
  // Secret, for it holds the token.
  const spec = commands(registered, "-gate")[0]?.inputs["stdin"] as { value: string };
  expect(JSON.parse(spec.value)).toMatchObject({ memoryMiB: null, pidsLimit: null });
  expect(
    warned.map(
      (text) =>
        /^host edge\.example: its engine cannot use the cgroup controller (\w+), so container tf-serving has no .* To switch it on: add cgroup_enable=/.exec(
          text,
        )?.[1],
    ),
  ).toEqual([...lacks]);
});

test("a server of the same name on another host is another resource", async () => {
  const registered = await mockPulumi(REPORT);
  for (const destination of ["ubuntu@a.example", "ubuntu@b.example"])
    await outputsOf(machine(destination), prepared(config));
  const names = registered.map((r) => r.name);
  expect(new Set(names).size).toBe(names.length);
});

test("another role of a stack's only server means the same resources", async () => {
  const names: string[][] = [];
  for (const role of ["edge", "cloud"]) {
    const registered = await mockPulumi(REPORT);
    const { servers } = await outputsOf(
      machine("edge.example", { role }),
      prepared({ ...config, name: role, id: role }),
    );
    expect(servers.map((s) => [s.id, s.machineId])).toEqual([[role, role]]);
    names.push(registered.map((r) => r.name).sort());
    await settled();
  }
  expect(names[0]).toContain("edge.edge.example-container");
  expect(names[1]).toEqual(names[0]);
});

test("a stack that gets a second server keeps its machine's folder", async () => {
  const folders: (readonly [string, unknown])[] = [];
  for (const servers of [
    [config],
    [
      { ...config, name: "one" },
      { ...config, name: "two", container: "two" },
    ],
  ]) {
    const registered = await mockPulumi(REPORT);
    await outputsOf(machine("edge.example"), prepared(...servers));
    const [folder] = commands(registered, "machine.edge.example-workspace");
    folders.push([folder?.name ?? "", folder?.inputs["triggers"]]);
    await settled();
  }
  expect(folders[1]).toEqual(folders[0]);
});

test("the way to Docker through sudo is the deployment's by its id, and is there before the image", async () => {
  const registered = await mockPulumi(REPORT);
  await outputsOf(machine("edge.example", { bootstrap: "sudo" }), prepared(config));
  const names = registered.map((r) => r.name);
  expect(stdin(registered[names.indexOf("sudo.edge.example")])).toMatchObject({
    owner: "lathe/edge",
    id: "docker.edge.example-id",
  });
  expect(names.indexOf("sudo.edge.example")).toBeLessThan(names.indexOf("image.edge.example-claim"));
});

test("a token is asked for by a proxy at the endpoint's port, and what clients need is a secret output by server", async () => {
  const registered = await mockPulumi(REPORT);
  const access = {
    ...config.access,
    tls: "mutual",
    rest: "token",
    proxyImage: IMAGE.replace("tfs", "haproxy"),
  } as const;
  const { lathe, latheSecrets } = await declare(machine("edge.example"), prepared({ ...config, access }));
  const secrets = await new Promise<unknown>((resolve) => latheSecrets?.apply(resolve));
  const { servers } = await new Promise<StackOutputs>((resolve) => lathe.apply(resolve));
  expect(servers[0]?.endpoints.map(({ security }) => security)).toEqual(["mutual-tls", "token"]);
  expect(secrets).toMatchObject({ schema: "lathe.secrets/2", servers: [{ server: "edge" }] });
  const portsOf = (name: string) =>
    (registered.find((r) => r.name.endsWith(name))?.inputs["ports"] as { internal: number; external: number }[]).map(
      ({ internal, external }) => [internal, external],
    );
  expect([portsOf("-container"), portsOf("example-rest")]).toEqual([
    [
      [8500, 8500],
      [8500, 8500],
    ],
    [
      [8443, 8501],
      [8443, 8501],
    ],
  ]);
});

test("servers that do not fit into the machine's memory together are refused before anything is pulled, with those that fit", async () => {
  const registered = await mockPulumi(REPORT);
  const edge = machine("edge.example");
  const facts = { ...edge.facts, memoryBytes: 1.25 * 2 ** 30 };
  const large = (bytes: number) => {
    const { versions, ...own } = artifact("null");
    return [{ ...own, versions: versions.map((v) => ({ ...v, bytes })) }];
  };
  const servers = ["one", "two", "three"].map((name, i) => ({
    config: { ...config, name, id: `edge/${name}`, container: name },
    models: large((i + 1) * 60 * 2 ** 20),
  }));
  // By the kind's estimate 400, 640 and 880 MiB, where nine tenths of the machine's memory are 1152.
  await expect(declare({ ...edge, facts }, servers)).rejects.toThrow(
    /servers need 1920 MiB of memory .*\(one 400 MiB, two 640 MiB, three 880 MiB\).* 1152 MiB for them: one and two fit \(1040 MiB\)/,
  );
  expect(registered).toEqual([]);
  const [one, two] = servers;
  if (one === undefined || two === undefined) throw new Error("no servers");
  expect((await outputsOf({ ...edge, facts }, [one, two])).servers).toHaveLength(2);
});

test.each(["flask", "django", "fastapi"])(
  "a %s server is one container of plain REST with its models, and a gate for its workers",
  async (kind) => {
    const registered = await mockPulumi(REPORT);
    const settings = { workers: 2, threads: 4, parser: "json", pin: "none" };
    const own = { ...config, kind, container: kind, ports: { rest: 8100 }, settings };
    const { servers } = await outputsOf(machine("edge.example"), prepared(own));
    expect(servers).toMatchObject([
      { kind, build: kind, endpoints: [{ api: "plain-rest", protocol: "rest", port: 8100, security: "none" }] },
    ]);
    const [container] = registered.filter((r) => r.type === "docker:index/container:Container");
    expect(container?.inputs).toMatchObject({
      ...{ name: kind, command: [kind], readOnly: true, tmpfs: { "/tmp": "rw,nosuid,nodev,size=256m" } },
      ports: [
        { internal: 8000, external: 8100, ip: "127.0.0.1" },
        { internal: 8000, external: 8100, ip: "192.0.2.7" },
      ],
    });
    // Four cores for two workers.
    expect(container?.inputs["envs"]).toEqual(expect.arrayContaining(["OMP_NUM_THREADS=2", "WEB_CONCURRENCY=2"]));
    expect(stdin(commands(registered, "-workspace")[0])["files"]).toEqual([
      { name: "models.json", content: '{"null":[1]}\n' },
    ]);
    expect(stdin(commands(registered, "-gate")[0])).toMatchObject({ kind, env: { WEB_CONCURRENCY: "2" } });
  },
);

test("the proxy that asks for a token stands before plain REST, too", async () => {
  const registered = await mockPulumi(REPORT);
  const access = { ...config.access, rest: "token", proxyImage: IMAGE.replace("tfs", "haproxy") } as const;
  const settings = { workers: 1, threads: 4, parser: "json", pin: "none" };
  const own = { ...config, kind: "flask", container: "flask", ports: { rest: 8100 }, settings, access };
  const { servers } = await outputsOf(machine("edge.example"), prepared(own));
  expect(servers[0]?.endpoints).toMatchObject([{ port: 8100, security: "token" }]);
  const containers = registered.filter((r) => r.type === "docker:index/container:Container");
  expect(containers.map((c) => [c.inputs["name"], (c.inputs["ports"] as unknown[]).length])).toEqual([
    ["flask", 0],
    ["flask-rest", 2],
  ]);
});

test("an image that no registry has is told with how to build it, unless the config names another", async () => {
  await mockPulumi(REPORT);
  // This machine has no engine that could be asked, or one that gets no such image.
  const said = async (image: string | undefined) => {
    const settings = { workers: 1, threads: 4, parser: "json", pin: "none" };
    const own = { ...config, image, kind: "flask", container: "flask", ports: { rest: 8100 }, settings };
    const asked = outputsOf(machine(null), prepared(own));
    return asked.then(
      () => "deployed",
      (error: Error) => error.message,
    );
  };
  expect(await said(undefined)).toMatch(
    /no registry has an image of the server kind flask: it is to be built\n +fix: .*docker build .*KIND=flask/,
  );
  expect(await said("registry.invalid/none:1")).not.toMatch(/docker build/);
});

test("replicas of a server are containers of their own, each on its share of the cores, and one server in the outputs", async () => {
  const registered = await mockPulumi({ ...REPORT, readySeconds: 3 });
  const replicated = { ...config, settings: { pin: "physical" }, replicas: 2 };
  const { servers } = await outputsOf(machine("ubuntu@edge.example"), prepared(...replicasOf(replicated)));

  expect(servers).toMatchObject([
    {
      ...{ id: "edge", container: "tf-serving", workspace: "/root/.lathe/lathe-edge", readySeconds: 3 },
      placement: { cpuSet: "0-1", physicalCores: 2 },
      replicas: [
        {
          ...{ container: "tf-serving-2", ports: [8600, 8601], workspace: "/root/.lathe/lathe-edge/.replica-2" },
          placement: { cpuSet: "2-3", physicalCores: 2 },
        },
      ],
    },
  ]);
  expect(servers[0]?.endpoints.map(({ port }) => port)).toEqual([8500, 8501]);
  const containers = registered.filter((r) => r.type === "docker:index/container:Container").map((r) => r.inputs);
  expect(containers.map((c) => [c["name"], c["cpuSet"], c["memory"]])).toEqual([
    ["tf-serving", "0-1", 7168],
    ["tf-serving-2", "2-3", 7168],
  ]);
  for (const { envs } of containers) expect(envs).toContain("OMP_NUM_THREADS=2");
  // The first is called as without others, so that it stays where it is when others come.
  const names = (end: string) => commands(registered, end).map((c) => c.name);
  expect(names("-gate")).toEqual(["edge.ubuntu-edge.example-gate", "edge@2.ubuntu-edge.example-gate"]);
  expect(commands(registered, "-reservation").map((c) => [stdin(c)["container"], stdin(c)["ports"]])).toEqual([
    [
      "tf-serving",
      [
        { protocol: "grpc", port: 8500 },
        { protocol: "rest", port: 8501 },
      ],
    ],
    [
      "tf-serving-2",
      [
        { protocol: "grpc", port: 8600 },
        { protocol: "rest", port: 8601 },
      ],
    ],
  ]);
  expect(commands(registered, "-model-null-1").map((c) => [stdin(c)["workspace"], stdin(c)["alreadyIn"]])).toEqual([
    ["/root/.lathe/lathe-edge", undefined],
    ["/root/.lathe/lathe-edge/.replica-2", "/root/.lathe/lathe-edge"],
  ]);
});

test("replicas share the credentials of their server, which clients get once", async () => {
  const registered = await mockPulumi(REPORT);
  const locked = { ...config, replicas: 2, access: accessConfig({ tls: "mutual" }, []) };
  const { lathe, latheSecrets } = await declare(machine("ubuntu@edge.example"), prepared(...replicasOf(locked)));
  const [outputs, secrets] = await new Promise<[StackOutputs, StackSecrets | undefined]>((resolve) =>
    pulumi.all([lathe, latheSecrets]).apply((both) => resolve(both as [StackOutputs, StackSecrets | undefined])),
  );
  expect(outputs.servers).toHaveLength(1);
  expect(secrets?.servers.map(({ server }) => server)).toEqual(["edge"]);
  expect(registered.filter((r) => r.type === "pulumi:index:Stash")).toHaveLength(1);
  // What a secret input is under mocks: its value, marked.
  const files = commands(registered, "-secrets").map((c) => {
    const { value } = c.inputs["stdin"] as { value: string };
    return (JSON.parse(value) as { files: { content: string }[] }).files[0]?.content;
  });
  expect(files).toHaveLength(2);
  expect(files[0]).toBe(files[1]);
});

test("more replicas than cores are refused before there is any resource", async () => {
  const registered = await mockPulumi(REPORT);
  const replicated = prepared(...replicasOf({ ...config, replicas: 5 }));
  await expect(declare(machine("ubuntu@edge.example"), replicated)).rejects.toThrow("a core for each replica");
  expect(registered).toEqual([]);
});
