import { expect, test } from "vitest";
import type { ContainerSpec } from "../../infra/servers/kind.ts";
import { memoryMiB, portsOf } from "./container.ts";
import { createArgs, type DeployedContainer, ownFiles } from "./create-args.ts";
import { readDeployed } from "./deployed.ts";
import { busyWith } from "./keeper.ts";
import { toEvict } from "./residents.ts";

const spec: ContainerSpec = {
  ...{ env: { A: "1" }, command: ["--x"], modelsPath: "/models", files: [{ name: "c.json", content: "1" }] },
  ...{ serving: null, healthTest: ["CMD", "true"], scratch: ["/tmp"] },
};
const like: DeployedContainer = {
  ...{ imageId: `sha256:${"a".repeat(64)}`, user: "1000:1000", network: "bridge", memoryMiB: 512, pidsLimit: 4096 },
  ...{ owner: { id: "i", owner: "lathe/edge", server: "s" }, modelsDir: "/w/models", secretsDir: "/w/secrets/c" },
};
const endpoint = { api: "a", protocol: "grpc", port: 8500, containerPort: 8500, security: "none" } as const;
const variant = {
  ...{
    name: "c-tune-1",
    tuning: "t",
    spec,
    placement: { physicalCores: 2, cpuSet: "0-1", memorySet: "0", reason: "" },
  },
  ...{ endpoints: [endpoint], ownFiles: { "c.json": "/w/tune/c-tune-1/0" } },
};

test("a variant is hardened as the deployed container is, and its ports are on loopback alone, at numbers that Docker chooses", () => {
  const args = createArgs(variant, like);
  for (const one of [
    ...["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true", "--restart=no", "--user=1000:1000"],
    ...["--publish=127.0.0.1::8500/tcp", "--memory=512m", "--memory-swap=512m", "--pids-limit=4096"],
    ...["--cpuset-cpus=0-1", "--cpuset-mems=0", "--label=org.lathe.id=i", "--label=org.lathe.tune=t"],
    "--mount=type=bind,source=/w/models,target=/models,readonly",
    "--mount=type=bind,source=/w/secrets/c,target=/run/lathe,readonly",
    "--mount=type=bind,source=/w/tune/c-tune-1/0,target=/models/c.json,readonly",
  ])
    expect(args).toContain(one);
  expect(args.slice(-2)).toEqual([like.imageId, "--x"]);
  expect(args.filter((one) => one.startsWith("--publish"))).toHaveLength(1);
});

test("a port behind a token's proxy is not opened without it", () => {
  const args = createArgs({ ...variant, endpoints: [{ ...endpoint, security: "token" }] }, like);
  expect(args.some((one) => one.startsWith("--publish"))).toBe(false);
});

test("only files with another content than the rule's are a variant's own", () => {
  expect(ownFiles(spec, spec)).toEqual([]);
  expect(ownFiles({ ...spec, files: [{ name: "c.json", content: "2" }] }, spec)).toHaveLength(1);
});

test("ports are read as Docker tells them, and refused where others could reach them or there are none", () => {
  const said = (ip: string) => JSON.stringify({ "8500/tcp": [{ HostIp: ip, HostPort: "32768" }], "80/tcp": null });
  expect(portsOf(said("127.0.0.1"), [endpoint])).toMatchObject([{ protocol: "grpc", port: 32768 }]);
  expect(() => portsOf(said("0.0.0.0"), [endpoint])).toThrow("open to other machines");
  for (const text of ["{}", "", "null", '{"8500/tcp":[{"HostIp":"127.0.0.1","HostPort":"x"}]}'])
    expect(() => portsOf(text, [endpoint]), text).toThrow("a variant's ports");
});

test("what an engine tells of the deployed container is refused where it is not what Lathe has made", () => {
  const labels = { "org.lathe.id": "i", "org.lathe.owner": "lathe/edge", "org.lathe.server": "s" };
  const told = {
    ...{ Image: like.imageId, Config: { User: "1000:1000", Labels: labels } },
    HostConfig: { NetworkMode: "bridge", Memory: 2 ** 29, PidsLimit: 4096 },
    Mounts: [{ Source: "/w/secrets/c", Destination: "/run/lathe", RW: false }],
  };
  const server = { container: "c", workspace: "/w" };
  expect(readDeployed(JSON.stringify([told]), server)).toEqual(like);
  const hostile = [
    ...["", "[]", "{}", JSON.stringify([told, told])],
    JSON.stringify([{ ...told, Image: "--privileged" }]),
    JSON.stringify([{ ...told, Config: { ...told.Config, User: "0 --privileged" } }]),
    JSON.stringify([{ ...told, Config: { ...told.Config, Labels: {} } }]),
    JSON.stringify([{ ...told, Mounts: [{ Source: "/a,readonly=false", Destination: "/run/lathe", RW: false }] }]),
  ];
  for (const text of hostile) expect(() => readDeployed(text, server), text).toThrow("container c: ");
});

test("variants go when memory is short: first those that are not needed, of those the ones visited longest ago", () => {
  const residents = [1, 2, 3].map((n) => ({ arm: `${n}`, containers: 1, mib: 100, lastVisit: n }));
  expect(toEvict(residents, 2000, 100, [])).toEqual([]);
  expect(toEvict(residents, 500, 100, [])).toEqual(["1", "2"].slice(0, 1));
  expect(toEvict(residents, 500, 100, ["1"])).toEqual(["2"]);
  expect(toEvict(residents, 0, 100, ["1", "2", "3"])).toEqual(["1", "2", "3"]);
});

test("a variant with replicas needs room for each of them, and counts as so many", () => {
  const residents = [1, 2].map((n) => ({ arm: `${n}`, containers: 4, mib: 400, lastVisit: n }));
  // Each of its containers takes 100 MiB, and twice that while it loads.
  expect(toEvict(residents, 2000, 400, [], 4)).toEqual([]);
  expect(toEvict(residents, 1999, 400, [], 4)).toEqual(["1"]);
  expect(toEvict(residents, 1999, 400, [], 1)).toEqual([]);
  const many = residents.map((one) => ({ ...one, containers: 12 }));
  expect(toEvict(many, 1e6, 0, [])).toEqual(["1"]);
});

test("memory is read in Docker's units, and nothing is made of nonsense", () => {
  expect(["123.5MiB / 8GiB", "1.5GiB / 8GiB", "512KiB / 1GiB"].map(memoryMiB)).toEqual([123.5, 1536, 0.5]);
  expect(["", "--", "12 apples", "1e9MiB"].map(memoryMiB)).toEqual([undefined, undefined, undefined, undefined]);
});

test("a machine where another tuning or bench is at work is left alone, and one where it was killed is not", () => {
  expect(busyWith([])).toBeUndefined();
  expect(busyWith(["lease 7 elsewhere.example"])?.certain).toBe(false);
  expect(busyWith([`left c ${process.pid} ${"nowhere"}`])).toBeUndefined();
});
