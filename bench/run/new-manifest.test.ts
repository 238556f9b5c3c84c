import { expect, test } from "vitest";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import { remarks } from "./new-manifest.ts";

const machines = ["client", "edge"].map((id) => sampleMachine(id));
const servers = ["client", "edge"].map((id) => sampleServer(id, [{ ...sampleModel("rfcn"), timingOnly: true }]));
const apart = machines.map((m) => ({ ...m, facts: { ...m.facts, kernel: m.id } }));
const real = servers.map((s) => ({ ...s, standIn: false, models: [sampleModel("null")] }));

test("a reader is told of stand-ins by their kind, of random weights, and of machines that look like one", () => {
  expect(remarks({ machines, servers }, undefined)).toEqual([
    "Server client, edge: Lathe's stand-in for the server kind made-up (the same API), not the real server's binary.",
    "Model rfcn: true architecture, random weights. Its time is real, its detections mean nothing.",
    "The machines have one kernel and CPU model in common: they look like parts of one machine, not like separate ones.",
  ]);
});

test("a reader is told the notes on servers, once for servers that have the same", () => {
  const noted = [...real, ...real].map((s, i) => ({
    ...s,
    id: `s${i}`,
    ...(i === 1 ? {} : { note: i > 1 ? "Two." : "One." }),
  }));
  expect(remarks({ machines: apart, servers: noted }, undefined)).toEqual([
    "Note on server s0: One.",
    "Note on server s2, s3: Two.",
  ]);
});

test("nothing is remarked on real servers on machines apart; the user's own words stand for what the machines look like", () => {
  expect(remarks({ machines: apart, servers: real }, undefined)).toEqual([]);
  expect(remarks({ machines, servers: real }, "parts of one machine")).toEqual(["parts of one machine"]);
});

test("a reader is told of other servers that ran on a run's machines", () => {
  const beside = ["Machine edge: other servers of Lathe's ran there when this run began: x (stack lathe/web)."];
  expect(remarks({ machines: apart, servers: real }, undefined, beside)).toEqual(beside);
});

test("a reader is told how calls reach a server that has replicas", () => {
  const replica = { container: "c-2", workspace: "/w", ports: [1], placement: { physicalCores: 1, reason: "" } };
  const [first, ...others] = real.map((s, i) => (i === 0 ? { ...s, replicas: [replica, replica, replica] } : s));
  expect(remarks({ machines: apart, servers: first === undefined ? [] : [first, ...others] }, undefined)).toEqual([
    expect.stringMatching(/^Server client: 4 replicas, .*calls over fewer connections reach fewer replicas\.$/),
  ]);
});
