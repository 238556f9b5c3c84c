import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { destroy, outputs, setConfig, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { hostOf } from "../../lab/index.ts";
import { on } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

const HOST = "cloud";

let bed: Bed;
let stack: StackRef;
beforeAll(async () => {
  bed = await makeBed();
});
afterAll(() => bed?.down());

const inspect = (format: string) => on(bed.lab, HOST, `docker inspect tf-serving --format '${format}'`);
const containerId = () => inspect("{{.Id}}");
const versions = async (model: string) => {
  const { address } = hostOf(bed.lab, HOST);
  const asked = await modelStatus({ protocol: "rest", address, port: 8501, model, timeoutMs: 5000 });
  return asked.ok ? asked.value.map((v) => `${v.version} ${v.state}`) : asked.error.code;
};

describe("before any resource exists", () => {
  test("all faults of the config are shown at once, each with what to do, and no stack trace", async () => {
    const ref = await bed.stack("faults", { "lathe:hots": HOST, "lathe:ports.grpc": "abc", "lathe:models[0]": "nul" });
    const { code, output } = await tryUp(ref);
    expect(code).not.toBe(0);
    for (const words of [
      'lathe:ports.grpc: "abc"',
      "lathe:hots: no such key, did you mean lathe:host?",
      "fix: npx lathe pulumi config rm lathe:hots",
      "lathe:host: not set",
      'lathe:models: "nul": there is none of that name, did you mean null?',
    ]) {
      expect(output).toContain(words);
    }
    expect(output).not.toMatch(/\n\s+at /);
  });

  test("a host that cannot be reached and one without a known key stop with the next step", async () => {
    const { address } = hostOf(bed.lab, HOST);
    const unknown = await bed.stack("nowhere", { "lathe:host": "nowhere", "lathe:models[0]": "null" });
    const first = await tryUp(unknown);
    expect([first.code !== 0, first.output]).toEqual([
      true,
      expect.stringContaining("host nowhere: its name cannot be resolved"),
    ]);
    // By its address the lab's ssh config does not know it, and neither do anyone's known_hosts.
    await setConfig(unknown, { "lathe:host": `root@${address}`, "lathe:sshConfig": "/dev/null" });
    const second = await tryUp(unknown);
    expect([second.code !== 0, second.output]).toEqual([
      true,
      expect.stringContaining("host key is not in known_hosts"),
    ]);
    // The stack itself, and nothing in it.
    expect(second.changes).toEqual({ same: 1 });
  });
});

describe("a stack on a host of the lab", () => {
  test("comes up, and its outputs say what runs there", async () => {
    stack = await bed.stack("cloud", {
      "lathe:host": HOST,
      "lathe:models[0].name": "null",
      "lathe:models[1].name": "ssdlite-mobilenet",
    });
    const { machine, servers } = await up(stack);
    const workspace = "/root/.lathe/lathe-cloud";
    expect(machine).toMatchObject({ id: "cloud", address: hostOf(bed.lab, HOST).address, workspace });
    expect(servers).toMatchObject([
      {
        ...{ id: "cloud", machineId: "cloud", workspace, image: bed.image, standIn: true },
        models: [{ name: "null", version: 1, isNull: true }, { name: "ssdlite-mobilenet" }],
        settings: { OMP_NUM_THREADS: `${hostOf(bed.lab, HOST).cpus}` },
        endpoints: [
          { protocol: "grpc", port: 8500, security: "none" },
          { protocol: "rest", port: 8501, security: "none" },
        ],
      },
    ]);
    expect(await versions("null")).toEqual(["1 AVAILABLE"]);
    const config = await inspect("{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.PidsLimit}}");
    expect(config).toBe("true [ALL] 4096");
  });

  test("up again changes nothing, not even after a look at the host", async () => {
    const id = await containerId();
    const again = await tryUp(stack);
    expect([again.code, Object.keys(again.changes)]).toEqual([0, ["same"]]);
    const refreshed = await tryUp(stack, { refresh: true });
    expect([refreshed.code, Object.keys(refreshed.changes)]).toEqual([0, ["same"]]);
    expect(await containerId()).toBe(id);
  });

  test("a new version of a model is served without a restart, and the old one is gone", async () => {
    const id = await containerId();
    await setConfig(stack, { "lathe:models[0].version": "2" });
    const [server] = (await up(stack)).servers;
    expect(server?.models[0]).toMatchObject({ name: "null", version: 2 });
    expect(await versions("null")).toContain("2 AVAILABLE");
    expect(await containerId()).toBe(id);
    expect(await on(bed.lab, HOST, "ls .lathe/lathe-cloud/models/null")).toBe("2");
    expect(await on(bed.lab, HOST, "ls -A .lathe/lathe-cloud/.incoming")).toBe("");
  });

  test("a changed thread setting replaces the container, and is read back from it", async () => {
    const id = await containerId();
    await setConfig(stack, {
      "lathe:settings.omp": "1",
      "lathe:settings.intraOp": "1",
      "lathe:settings.pin": "physical",
    });
    const [server] = (await up(stack)).servers;
    expect(server?.settings["OMP_NUM_THREADS"]).toBe("1");
    expect(server?.placement.cpuSet).toBe("0");
    expect(await inspect("{{.HostConfig.CpusetCpus}}")).toBe("0");
    expect(await containerId()).not.toBe(id);
  });

  test.each([
    ["killed", "up", "docker kill tf-serving"],
    ["stopped", "up --refresh", "docker stop -t 1 tf-serving"],
    ["deleted", "up", "docker rm -f tf-serving"],
  ])("a %s container comes back with %s, and the gate looks at it again", async (_how, way, command) => {
    const id = await containerId();
    await on(bed.lab, HOST, command);
    const result = await tryUp(stack, { refresh: way === "up --refresh" });
    expect(result.code, result.output).toBe(0);
    expect(await containerId()).not.toBe(id);
    expect(await versions("null")).toEqual(["2 AVAILABLE"]);
  });

  test("a gate that fails stays red on the next up, shows the container's log, and opens when it is mended", async () => {
    // TensorFlow alone needs more: the server dies whenever it is started.
    await setConfig(stack, { "lathe:memoryMiB": "64", "lathe:gateTimeoutSeconds": "60" });
    for (const attempt of ["first", "second"]) {
      const { code, output } = await tryUp(stack);
      expect(code, attempt).not.toBe(0);
      expect(output).toContain("gate: container tf-serving does not run");
      expect(output).toContain("last lines of tf-serving's log:");
    }
    await setConfig(stack, { "lathe:memoryMiB": "4096", "lathe:gateTimeoutSeconds": "180" });
    expect((await up(stack)).servers[0]?.models).toHaveLength(2);
  });

  test("a server that does not come in time keeps the gate closed, with the reason", async () => {
    // Two small models may come within that second. What the gate waits for when its time is over depends on the machine.
    const more = Array.from({ length: 6 }, (_, i) => [
      [`lathe:models[${2 + i}].name`, `copy-${i}`],
      [`lathe:models[${2 + i}].from["1"]`, "ssdlite-mobilenet"],
    ]);
    const late = { "lathe:gateTimeoutSeconds": "1", "lathe:settings.interOp": "1" };
    await setConfig(stack, { ...late, ...Object.fromEntries(more.flat() as [string, string][]) });
    const { code, output } = await tryUp(stack);
    expect(code, output).not.toBe(0);
    expect(output).toMatch(/gate: .* after 1 s \(.+\)/);
    expect(output).toContain("if the host is slow, give it time");
    await setConfig(stack, { "lathe:gateTimeoutSeconds": "180" });
    expect((await up(stack)).servers[0]?.settings["TENSORFLOW_INTER_OP_PARALLELISM"]).toBe("1");
  });

  test("a model taken off the list is no longer served, and its files are gone", async () => {
    await setConfig(stack, { "lathe:models": '[{"name": "null", "version": 2}]' });
    expect((await up(stack)).servers[0]?.models).toHaveLength(1);
    expect(await versions("ssdlite-mobilenet")).toEqual(["1 END"]);
    expect(await versions("null")).toEqual(["2 AVAILABLE"]);
    expect(await on(bed.lab, HOST, "ls .lathe/lathe-cloud/models")).toBe("models.config\nmonitoring.config\nnull");
  });

  test("another stack on the same host comes and goes, and leaves this one and its image alone", async () => {
    const second = await bed.stack("second", {
      "lathe:host": HOST,
      "lathe:models": "null",
      "lathe:container": "tfs-second",
      "lathe:ports.grpc": "9500",
      "lathe:ports.rest": "9501",
    });
    expect((await up(second)).servers).toMatchObject([
      { endpoints: [{ port: 9500 }, { port: 9501 }], workspace: "/root/.lathe/lathe-second" },
    ]);
    await destroy(second);
    expect(await on(bed.lab, HOST, "docker ps -a --format '{{.Names}}'; ls .lathe")).toBe(
      "tf-serving\nimages\nlathe-cloud",
    );
    expect(await versions("null")).toEqual(["2 AVAILABLE"]);
  });

  test("moved to another host it comes up there, and leaves nothing on the old one", async () => {
    await setConfig(stack, { "lathe:host": "client", "lathe:models": "null", "lathe:settings": "{}" });
    const { machine } = await up(stack);
    expect(machine).toMatchObject({ address: hostOf(bed.lab, "client").address, facts: { hostname: "client" } });
    expect(await bed.leftOn(HOST)).toBe("");
  });

  test("destroy leaves nothing: no container, image, volume or file", async () => {
    await on(bed.lab, "client", "touch .lathe/lathe-cloud/agents/left-by-the-bench");
    await destroy(stack);
    expect(await bed.leftOn("client")).toBe("");
    await expect(outputs(stack)).rejects.toThrow("no stack named 'cloud'");
  });
});
