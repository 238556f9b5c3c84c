import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseSample, SAMPLE_SCRIPT, sampleOfAll, useBetween } from "./server-use.ts";

const VERSION_1 = `group
nr_periods 100
nr_throttled 0
throttled_time 0
group
nr_periods 120
nr_throttled 30
throttled_time 2500000000
cpuacct_ns 7000000000
memory 1048576
cpu  10 0 20 3000 4 0 1 25 0 0
end`.split("\n");

const VERSION_2 = `group
usage_usec 7000000
user_usec 6000000
nr_periods 100
nr_throttled 40
throttled_usec 2500000
memory 1048576
cpu  10 0 20 3000 4 0 1 25 0 0
end`.split("\n");

describe("a sample of a server with replicas", () => {
  const quota = (throttled: number) => ({ periods: 100, throttled, throttledMs: throttled });
  const one = { cpuMs: 10, memoryBytes: 5, peakMemoryBytes: 7, stealMs: 3, quotas: [quota(1)] };

  it("has the sum of what its containers took, the machine's own time once, and each one's quota", () => {
    expect(sampleOfAll([one, { ...one, cpuMs: 30, stealMs: 4, quotas: [quota(9)] }])).toEqual({
      ...{ cpuMs: 40, memoryBytes: 10, peakMemoryBytes: 14, stealMs: 3, quotas: [quota(1), quota(9)] },
    });
    expect(sampleOfAll([one])).toEqual(one);
  });

  it("is none where a container does not say, and has no sum of what one of them does not tell", () => {
    expect([sampleOfAll([]), sampleOfAll([one, undefined]), sampleOfAll([undefined, one])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(sampleOfAll([one, { quotas: [] }])).toEqual({ stealMs: 3, quotas: [quota(1)] });
  });

  it("says which quota stopped the server most, whichever replica's that is", () => {
    const before = sampleOfAll([one, one]);
    const after = sampleOfAll([one, { ...one, quotas: [{ periods: 200, throttled: 61, throttledMs: 600 }] }]);
    expect(before && after && useBetween(before, after, 1000).quota).toMatchObject({ throttledPeriods: 60 });
  });
});

describe("a sample of what a server used", () => {
  it("is read from control groups of version 1, the container's quota first", () => {
    expect(parseSample(VERSION_1)).toEqual({
      cpuMs: 7000,
      memoryBytes: 1048576,
      stealMs: 250,
      quotas: [
        { periods: 100, throttled: 0, throttledMs: 0 },
        { periods: 120, throttled: 30, throttledMs: 2500 },
      ],
    });
  });

  it("is read from control groups of version 2", () => {
    expect(parseSample(VERSION_2)).toEqual({
      cpuMs: 7000,
      memoryBytes: 1048576,
      stealMs: 250,
      quotas: [{ periods: 100, throttled: 40, throttledMs: 2500 }],
    });
  });

  it("has nothing where a machine prints something else, and never throws", () => {
    expect(parseSample([])).toEqual({ quotas: [] });
    fc.assert(fc.property(fc.array(fc.string()), (lines) => parseSample(lines).quotas.length <= lines.length));
  });
});

describe("what a server used between two samples", () => {
  it("names the quota that stopped it most often", () => {
    const before = parseSample(VERSION_1);
    const after = {
      ...before,
      cpuMs: 7500,
      quotas: [
        { periods: 110, throttled: 1, throttledMs: 5 },
        { periods: 130, throttled: 36, throttledMs: 2900 },
      ],
    };
    expect(useBetween(before, after, 1000)).toEqual({
      spanMs: 1000,
      cpuMs: 500,
      stealMs: 0,
      memoryBytes: 1048576,
      memoryBeforeBytes: 1048576,
      quota: { periods: 10, throttledPeriods: 6, throttledMs: 400 },
    });
  });

  it("leaves out counters that fell: the container was another one", () => {
    const after = { cpuMs: 5, memoryBytes: 7, quotas: [{ periods: 1, throttled: 1, throttledMs: 1 }] };
    const memory = { memoryBytes: 7, memoryBeforeBytes: 1048576 };
    expect(useBetween(parseSample(VERSION_1), after, 10)).toEqual({ spanMs: 10, ...memory });
    expect(useBetween(parseSample(VERSION_2), after, 10)).toEqual({ spanMs: 10, ...memory });
  });
});

describe("the script that samples", () => {
  const dir = mkdtempSync(join(tmpdir(), "lathe-use-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Runs the script with a docker that names this process, and with files in place of the kernel's. */
  const sampled = (cgroup: string, files: Record<string, string>) => {
    const root = mkdtempSync(join(dir, "root-"));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, "cgroup", name, ".."), { recursive: true });
      writeFileSync(join(root, "cgroup", name), text);
    }
    writeFileSync(join(root, "self"), cgroup);
    writeFileSync(join(root, "docker"), "#!/bin/sh\necho 1\n");
    chmodSync(join(root, "docker"), 0o755);
    const text = SAMPLE_SCRIPT.replaceAll("/sys/fs/cgroup", join(root, "cgroup")).replaceAll(
      "/proc/$pid/cgroup",
      join(root, "self"),
    );
    const env = { ...process.env, PATH: `${root}:${process.env.PATH}` };
    return parseSample(
      execFileSync("sh", ["-euc", text, "lathe", "name"], { input: "\n", env, encoding: "utf8" }).split("\n"),
    );
  };

  it("finds the container's group and those above it in a hierarchy of version 1", () => {
    const use = sampled("12:memory:/host/docker/c\n4:cpu,cpuacct:/host/docker/c\n3:cpuset:/\n0::/host/docker/c\n", {
      "cpu,cpuacct/host/docker/c/cpu.stat": "nr_periods 1\nnr_throttled 0\nthrottled_time 0\n",
      "cpu,cpuacct/host/docker/cpu.stat": "nr_periods 2\nnr_throttled 0\nthrottled_time 0\n",
      "cpu,cpuacct/host/cpu.stat": "nr_periods 3\nnr_throttled 2\nthrottled_time 1000000\n",
      "cpu,cpuacct/host/docker/c/cpuacct.usage": "5000000\n",
      "memory/host/docker/c/memory.usage_in_bytes": "4096\n",
    });
    expect(use).toMatchObject({ cpuMs: 5, memoryBytes: 4096 });
    expect(use.quotas.map((q) => q.periods)).toEqual([1, 2, 3]);
  });

  it("finds them in a hierarchy of version 2", () => {
    const use = sampled("0::/system.slice/docker-c.scope\n", {
      "system.slice/docker-c.scope/cpu.stat": "usage_usec 9000\nnr_periods 7\nnr_throttled 1\nthrottled_usec 2000\n",
      "system.slice/docker-c.scope/memory.current": "8192\n",
      "system.slice/cpu.stat": "usage_usec 90000\n",
    });
    expect(use).toMatchObject({ cpuMs: 9, memoryBytes: 8192, quotas: [{ periods: 7, throttled: 1, throttledMs: 2 }] });
  });

  it.each(["cpu.stat", "cpuacct.usage", "memory.usage_in_bytes", "cgroup"])(
    "goes on where %s is gone between two commands: a container was restarted",
    (gone) => {
      const root = mkdtempSync(join(dir, "root-"));
      for (const name of ["cpu,cpuacct/c/cpu.stat", "cpu,cpuacct/c/cpuacct.usage", "memory/c/memory.usage_in_bytes"]) {
        mkdirSync(join(root, "cgroup", name, ".."), { recursive: true });
        writeFileSync(join(root, "cgroup", name), "nr_periods 1\n");
      }
      writeFileSync(join(root, "self"), "12:memory:/c\n4:cpu,cpuacct:/c\n");
      writeFileSync(join(root, "docker"), "#!/bin/sh\necho 1\n");
      chmodSync(join(root, "docker"), 0o755);
      // All is there when it is looked for, and reading it fails.
      writeFileSync(join(root, "cat"), `#!/bin/sh\ncase $1 in *${gone}) exit 1 ;; esac\nexec /bin/cat "$@"\n`);
      chmodSync(join(root, "cat"), 0o755);
      const text = SAMPLE_SCRIPT.replaceAll("/sys/fs/cgroup", join(root, "cgroup"))
        .replace('[ -e "/proc/$pid/cgroup" ]', "true")
        .replaceAll("/proc/$pid/cgroup", gone === "cgroup" ? join(root, "none") : join(root, "self"));
      const env = { ...process.env, PATH: `${root}:${process.env.PATH}` };
      const input = "\n\n\n";
      const { stdout, status } = spawnSync("sh", ["-euc", text, "lathe", "name"], { input, env, encoding: "utf8" });
      expect(status).toBe(0);
      expect(stdout.match(/^end$/gm)).toHaveLength(3);
    },
  );

  it("answers with the machine's own counters where the container is not there", () => {
    const text = SAMPLE_SCRIPT.replace("docker container inspect", "false");
    const { stdout, status } = spawnSync("sh", ["-euc", text, "lathe", "name"], { input: "\n\n", encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout.match(/^end$/gm)).toHaveLength(2);
  });
});
