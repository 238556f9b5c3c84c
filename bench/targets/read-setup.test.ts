import { expect, test } from "vitest";
import { parseInspect } from "./read-setup.ts";

const inspected = {
  ...{ Id: "c1", Image: "sha256:1", RestartCount: 2 },
  State: { Status: "running", Running: true, StartedAt: "t", ExitCode: 0, OOMKilled: false, Error: "" },
  Config: { Env: ["PATH=/bin", "OMP_NUM_THREADS=4", "WORKERS=a=b", "TOKEN=x"], Labels: null },
  HostConfig: { CpusetCpus: "0-3", CpusetMems: "", PidsLimit: null, NanoCpus: 0, Memory: 5 },
};

test("a container is read as the settings that a record's reader asks for, with variables of runtimes and of the server's settings", () => {
  const [one, ...others] = parseInspect(JSON.stringify([inspected]), ["WORKERS"], 1);
  expect(one).toEqual({
    ...{ imageId: "sha256:1", containerId: "c1", startedAt: "t", running: true, restartCount: 2 },
    ...{ cpuSet: "0-3", nanoCpus: 0, memoryBytes: 5, env: { OMP_NUM_THREADS: "4", WORKERS: "a=b" } },
  });
  expect(others).toEqual([]);
});

test("replicas are read in the order in which they were asked for", () => {
  const all = [inspected, { ...inspected, Id: "c2" }];
  expect(parseInspect(JSON.stringify(all), [], 2).map((one) => one.containerId)).toEqual(["c1", "c2"]);
});

test("what is not so many containers is refused", () => {
  for (const wrong of [[], [inspected, inspected], [{}]])
    expect(() => parseInspect(JSON.stringify(wrong), [], 1)).toThrow();
  expect(() => parseInspect(JSON.stringify([inspected]), [], 2)).toThrow();
});
