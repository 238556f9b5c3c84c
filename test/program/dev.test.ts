import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, test } from "vitest";
import { declare } from "../../infra/deploy.ts";
import type { StackOutputs } from "../../infra/outputs.ts";
import { devConfigs } from "../../stacks/dev.ts";
import { artifact, edgeConfig, edgeFacts, edgeLogin, mockPulumi, settled } from "./mocks.ts";

afterEach(settled);

const IMAGE = `registry.example/tfs@sha256:${"b".repeat(64)}`;

test("dev is every role on this machine's own engine, told apart by name and ports, with one image", async () => {
  const registered = await mockPulumi({ standIn: false, env: {} }, { stack: "dev" });
  pulumi.runtime.setAllConfig({ "lathe:models": '["null"]', "lathe:image": IMAGE });
  const machine = { target: null, facts: edgeFacts, home: "/root", login: edgeLogin, address: "127.0.0.1" };
  const servers = (await devConfigs()).map((config) => ({ config, models: [artifact("null")] }));
  const { lathe: output } = await declare(machine, servers);
  const { deployments } = await new Promise<StackOutputs>((resolve) => output.apply(resolve));

  expect(deployments.map((d) => [d.role, d.grpcPort, d.restPort, d.server.container, d.workspace])).toEqual([
    ["client", 8500, 8501, "tf-serving-client", "/root/.lathe/lathe-dev-client"],
    ["cloud", 8510, 8511, "tf-serving-cloud", "/root/.lathe/lathe-dev-cloud"],
    ["edge", 8520, 8521, "tf-serving-edge", "/root/.lathe/lathe-dev-edge"],
  ]);
  expect(deployments.every((d) => d.ssh === null)).toBe(true);
  expect(registered.filter((r) => r.type === "docker:index/remoteImage:RemoteImage")).toHaveLength(1);
  const containers = registered.filter((r) => r.type === "docker:index/container:Container");
  // Nine tenths of 16 GiB, shared by three.
  expect(containers.map((c) => c.inputs["memory"])).toEqual([4864, 4864, 4864]);
});

test("a server of the same name on another host is another resource", async () => {
  const registered = await mockPulumi({ standIn: false, env: {} });
  pulumi.runtime.setAllConfig({ "lathe:models": '["null"]', "lathe:image": IMAGE });
  const [config] = await devConfigs();
  if (!config) throw new Error("no config");
  for (const destination of ["ubuntu@a.example", "ubuntu@b.example"]) {
    const machine = {
      target: { destination },
      facts: edgeFacts,
      home: "/root",
      login: edgeLogin,
      address: destination,
    };
    const { lathe: output } = await declare(machine, [{ config, models: [artifact("null")] }]);
    await new Promise((resolve) => output.apply(resolve));
  }
  const names = registered.map((r) => r.name);
  expect(new Set(names).size).toBe(names.length);
});

test("another role of a stack's only server means the same resources", async () => {
  const machine = {
    target: { destination: "edge.example" },
    ...{ facts: edgeFacts, home: "/root", login: edgeLogin, address: "192.0.2.7" },
  };
  const names: string[][] = [];
  for (const role of ["edge", "cloud"]) {
    const registered = await mockPulumi({ standIn: false, env: {} });
    const config = { ...edgeConfig, image: IMAGE, role };
    const { lathe: output } = await declare(machine, [{ config, models: [artifact("null")] }]);
    await new Promise((resolve) => output.apply(resolve));
    names.push(registered.map((r) => r.name).sort());
    await settled();
  }
  expect(names[0]).toContain("edge.edge.example-container");
  expect(names[1]).toEqual(names[0]);
});

test("the way to Docker through sudo is the deployment's by its id, and is there before the image", async () => {
  const registered = await mockPulumi({ standIn: false, env: {} });
  const machine = {
    target: { destination: "edge.example" },
    ...{ facts: edgeFacts, home: "/home/ubuntu", login: edgeLogin, address: "192.0.2.7" },
  };
  const config = { ...edgeConfig, image: IMAGE, bootstrap: "sudo" as const };
  const { lathe: output } = await declare(machine, [{ config, models: [artifact("null")] }]);
  await new Promise((resolve) => output.apply(resolve));
  const names = registered.map((r) => r.name);
  const sudo = registered[names.indexOf("sudo.edge.example")];
  expect(JSON.parse(sudo?.inputs["stdin"] as string)).toMatchObject({
    owner: "lathe/edge",
    id: "docker.edge.example-id",
  });
  expect(names.indexOf("sudo.edge.example")).toBeLessThan(names.indexOf("image.edge.example-claim"));
});
