import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, test } from "vitest";
import { stackConfig } from "../../stacks/config.ts";
import { mockPulumi, settled } from "./mocks.ts";

afterEach(settled);

/** The config of a stack as its program reads it: the real kinds of server, the catalogue and the roles' files. */
async function configOf(stack: string, config: Record<string, string>) {
  await mockPulumi({ standIn: false, env: {}, command: [] }, { stack });
  pulumi.runtime.setAllConfig(config);
  return stackConfig();
}

test("dev is this machine with a server for each of the paper's roles, told apart by id, ports, container and folder", async () => {
  const { role, ssh, servers } = await configOf("dev", { "lathe:models": '["null"]' });
  expect([role, ssh]).toEqual(["dev", null]);
  expect(servers.map((s) => [s.id, s.ports, s.container, s.workspace])).toEqual([
    ["dev/client", { grpc: 8500, rest: 8501 }, "tf-serving-client", ".lathe/lathe-dev/client"],
    ["dev/cloud", { grpc: 8510, rest: 8511 }, "tf-serving-cloud", ".lathe/lathe-dev/cloud"],
    ["dev/edge", { grpc: 8520, rest: 8521 }, "tf-serving-edge", ".lathe/lathe-dev/edge"],
  ]);
  expect(servers.map((s) => s.models)).toEqual(Array(3).fill([{ name: "null", version: undefined }]));
  // Where the stack names no models, each server has those of its role's file.
  const byRole = await configOf("dev", {});
  expect(byRole.servers.map((s) => s.models.length)).toEqual([3, 3, 3]);
});

test("a stack of any other name is a machine with one server, called by its role and with the defaults of the role's file", async () => {
  const { role, ssh, servers } = await configOf("mine", { "lathe:role": "edge", "lathe:host": "ubuntu@edge.example" });
  expect([role, ssh]).toEqual(["edge", { destination: "ubuntu@edge.example" }]);
  expect(servers).toMatchObject([
    { id: "edge", kind: "tf-serving", settings: { pin: "none" }, ports: { grpc: 8500, rest: 8501 } },
  ]);
  expect(servers[0]?.models.map((m) => m.name)).toEqual(["ssd-mobilenet", "rfcn-resnet101", "null"]);
});

test("settings of the real kind are refused with their path, what would do and the command that mends it", async () => {
  const wrong = configOf("edge", { "lathe:host": "h", "lathe:settings": '{"omp":0,"opm":4}' });
  await expect(wrong).rejects.toMatchObject({
    faults: [
      {
        what: "lathe:settings.omp: 0",
        expected: "a whole number, 1 to 1024",
        fix: "npx lathe pulumi config rm --path lathe:settings.omp",
      },
      { what: "lathe:settings.opm: no such key, did you mean lathe:settings.omp?" },
    ],
  });
});

test("a value that Pulumi holds as a secret is refused, because outputs and names would show it", async () => {
  await mockPulumi({ standIn: false, env: {}, command: [] }, { stack: "edge" });
  const config = { "lathe:host": "ubuntu@hidden.example", "lathe:servers": '[{"name":"a"}]' };
  pulumi.runtime.setAllConfig(config, ["lathe:host", "lathe:servers"]);
  const refused = await stackConfig().catch((error: unknown) => String(error));
  expect(refused).toContain("lathe:host: set with --secret");
  expect(refused).toContain("lathe:servers: set with --secret");
  expect(refused).not.toContain("hidden.example");
});

test("a stack of an organisation is named in full in commands, and by its last name everywhere else", async () => {
  await mockPulumi({ standIn: false, env: {}, command: [] }, { stack: "edge", organization: "acme" });
  pulumi.runtime.setAllConfig({ "lathe:host": "edge.example", "lathe:models": '["null"]', "lathe:abandon": "true" });
  await expect(stackConfig()).rejects.toThrow(
    "npx lathe down --stack acme/edge, or npx lathe pulumi config rm lathe:abandon --stack acme/edge",
  );
  pulumi.runtime.setAllConfig({ "lathe:host": "edge.example", "lathe:models": '["null"]' });
  expect(await stackConfig()).toMatchObject({ role: "edge", workspace: ".lathe/lathe-edge" });
});
