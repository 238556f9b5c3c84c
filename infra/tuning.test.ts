import { expect, test } from "vitest";
import { readConfig } from "./config/read.ts";
import { resolveConfig } from "./config/resolve.ts";
import { twin } from "./config/testing/kinds.ts";
import type { HostFacts } from "./hosts/facts.ts";
import type { Tuned } from "./tuned.ts";
import { staleImage, staleness, tunedMachine, tunedReason } from "./tuning.ts";

const facts: HostFacts = {
  ...{ hostname: "h", os: "Debian", kernel: "6.1", arch: "x86_64", memoryBytes: 2 ** 33 },
  cpu: {
    model: "Xeon",
    logical: [0, 1, 2, 3].map((cpu) => ({ cpu, core: cpu % 2, socket: 0, node: 0, online: true })),
    ...{ allowed: [0, 1, 2, 3], quotaCpus: null },
  },
  docker: { version: "28", apiVersion: "1.41", storageDriver: "overlay2" },
};
const tuned: Tuned = {
  ...{ at: "2026-11-28T05:00:00.000Z", for: "throughput", model: "ssd", image: `r/x@sha256:${"a".repeat(64)}` },
  ...{ gain: 1.31, interval: [1.2, 1.4], machine: tunedMachine(facts), settings: { threads: 2 } },
};
const now = { facts, models: ["ssd", "null"], settings: { threads: 2, pin: "none" } };
const cpu = (more: Partial<HostFacts["cpu"]>) => ({ ...now, facts: { ...facts, cpu: { ...facts.cpu, ...more } } });

test("what was found holds on the same machine, and with a little more memory after a new kernel", () => {
  expect(staleness(tuned, now)).toEqual([]);
  expect(staleness(tuned, { ...now, facts: { ...facts, memoryBytes: 2 ** 33 - 5e6 } })).toEqual([]);
  expect(staleness(tuned, { ...now, facts: { ...facts, hostname: "other", kernel: "7.0" } })).toEqual([]);
});

test("each fact that settings depend on makes it stale when it has changed, and is named", () => {
  expect(staleness(tuned, cpu({ model: "EPYC" }))).toEqual(["CPU: Xeon then, EPYC now"]);
  expect(staleness(tuned, cpu({ allowed: [0, 2] }))).toEqual([
    ...["CPUs that may be used: 0-3 then, 0,2 now", "physical cores: 2 then, 1 now"],
  ]);
  expect(staleness(tuned, cpu({ quotaCpus: 1.5 }))).toEqual(["quota: no CPU quota then, a CPU quota of 1.5 now"]);
  expect(staleness(tuned, { ...now, facts: { ...facts, memoryBytes: 2 ** 34 } })).toEqual([
    "memory in MiB: 8192 then, 16384 now",
  ]);
  expect(staleness(tuned, { ...now, models: ["null"] })).toEqual(["model ssd: not served any more"]);
  expect(staleness(tuned, { ...now, settings: { threads: 4 } })).toEqual(["setting threads: 2 was found, 4 is set"]);
  expect(staleness(tuned, { ...now, settings: {} })).toEqual(["setting threads: 2 was found, nothing is set"]);
  expect(staleImage(tuned, `mirror/x@sha256:${"a".repeat(64)}`)).toEqual([]);
  expect(staleImage(tuned, `r/x@sha256:${"b".repeat(64)}`)).toHaveLength(1);
});

test("the plan's reason cites it, and says if it is stale", () => {
  const words = "Tuned on 2026-11-28 for throughput of ssd: 1.31 times the rule (1.20 to 1.40)";
  expect([tunedReason(tuned, false), tunedReason(tuned, true)]).toEqual([
    `${words}.`,
    `${words}, on other facts than today's.`,
  ]);
});

const serversOf = (config: Record<string, string>) =>
  resolveConfig({
    ...{ project: "lathe", stack: "edge", roleDefaults: null, local: false, catalogue: ["ssd"], kinds: [twin] },
    config: readConfig({ "lathe:host": "h", "lathe:models": "ssd", ...config }),
  }).servers;

test("a config says it for its only server, or for one of several", () => {
  const own = { "lathe:tuned": JSON.stringify(tuned), "lathe:settings": '{"threads":2}' };
  expect(serversOf(own)[0]?.tuned).toEqual(tuned);
  const list = JSON.stringify([{ name: "a", tuned, settings: { threads: 2 } }, { name: "b" }]);
  expect(serversOf({ "lathe:servers": list }).map((s) => s.tuned?.for)).toEqual(["throughput", undefined]);
});

test("what makes no sense there is one clear fault", () => {
  expect(() => serversOf({ "lathe:tuned": '{"for":"x"}' })).toThrow("lathe:tuned");
  expect(() => serversOf({ "lathe:tuned": "fast" })).toThrow("lathe:tuned");
});
