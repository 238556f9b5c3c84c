import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { hostNames } from "./bed.ts";
import { secondsOf } from "./contenders.ts";
import { containerScript, dockerRunArgs, type Inspected } from "./docker-run.ts";
import { judge, orderOf, ratio, standings, type Lap } from "./race.ts";
import { reportText } from "./report.ts";

function lap(contender: string, hosts: number, round: number, up: number, again = 1): Lap {
  const of = (seconds: number) => ({ seconds, cpuSeconds: 2 * seconds, hostCpuSeconds: 3 * seconds });
  return { contender, hosts, round, phases: { up: of(up), "up again": of(again), down: of(1) } };
}

const container: Inspected = {
  Name: "/tf-serving",
  Config: {
    Env: ["PATH=/bin", "OMP_NUM_THREADS=2", "MODEL_NAME=null"],
    Cmd: ["--model_config_file=/models/models.config"],
    Labels: { "org.lathe.role": "h01" },
    Healthcheck: {
      Test: ["CMD", "bash", "-c", "exec 3<>/dev/tcp"],
      Interval: 1e10,
      Timeout: 5e9,
      StartPeriod: 6e10,
      Retries: 3,
    },
  },
  HostConfig: {
    RestartPolicy: { Name: "unless-stopped" },
    PortBindings: {
      "8500/tcp": [
        { HostIp: "127.0.0.1", HostPort: "8500" },
        { HostIp: "10.0.0.1", HostPort: "8500" },
      ],
    },
    Mounts: [{ Type: "bind", Source: "/root/.lathe/lathe-h01/models", Target: "/models" }],
    Tmpfs: { "/tmp": "rw,nosuid" },
    ReadonlyRootfs: true,
    Memory: 268435456,
    MemorySwap: 268435456,
    PidsLimit: 4096,
    NetworkMode: "bridge",
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges:true"],
    LogConfig: { Type: "json-file", Config: { "max-size": "10m" } },
  },
};

describe("the contenders' container", () => {
  test("has the settings of Lathe's own, but for what a contender finds out itself", () => {
    const line = dockerRunArgs(container, "10.0.0.1").join(" ");
    expect(line).toContain(
      "--name tf-serving --restart unless-stopped --env OMP_NUM_THREADS=@THREADS@ --env MODEL_NAME=null",
    );
    expect(line).toContain("--publish 127.0.0.1:8500:8500/tcp --publish @ADDRESS@:8500:8500/tcp");
    expect(line).toContain(
      "--mount type=bind,source=@WORKSPACE@/models,target=/models,readonly --tmpfs /tmp:rw,nosuid",
    );
    expect(line).toContain(
      "--read-only --memory 268435456b --memory-swap 268435456b --pids-limit 4096 --network bridge",
    );
    expect(line).toContain("--cap-drop ALL --security-opt no-new-privileges:true");
    expect(line).toContain("--health-cmd bash -c exec 3<>/dev/tcp --health-interval 10000000000ns");
  });

  test("is started by a script that a shell reads as it is meant, and only where it does not run with the same settings", () => {
    const text = containerScript(dockerRunArgs(container, "10.0.0.1"), container.Config.Cmd);
    // A `docker` that runs a container which was started with the settings in $RUNNING, and says what it is asked to run.
    const docker = `docker() { case $1 in inspect) echo "running $RUNNING" ;; run) printf '%s\\n' "$@" ;; esac; }`;
    const run = (running: string) =>
      execFileSync(
        "sh",
        ["-euc", `${docker}\n${text}`, "container", "/root/.bench", "4", "reg/server@sha256:1", "10.0.0.2"],
        { env: { ...process.env, RUNNING: running }, encoding: "utf8" },
      );
    const started = run("other").split("\n");
    for (const word of [
      "OMP_NUM_THREADS=4",
      "10.0.0.2:8500:8500/tcp",
      "type=bind,source=/root/.bench/models,target=/models,readonly",
      "reg/server@sha256:1",
    ])
      expect(started).toContain(word);
    expect(started.at(-2)).toBe("--model_config_file=/models/models.config");
    const settings = started.find((word) => word.startsWith("bench.settings="))?.split("=")[1] ?? "";
    expect(settings).toMatch(/^[0-9a-f]{16}$/);
    expect(run(settings)).toBe("");
  });
});

describe("the race", () => {
  test("each contender comes first in turn", () => {
    expect([0, 1, 2, 3].map((round) => orderOf(["a", "b", "c"], round)[0])).toEqual(["a", "b", "c", "a"]);
    expect(orderOf(["a", "b", "c"], 1)).toEqual(["b", "c", "a"]);
  });

  test("ratios are made within a round, and their median counts", () => {
    const laps = [10, 20, 40].flatMap((theirs, round) => [
      lap("ansible", 4, round, theirs),
      lap("lathe", 4, round, 10),
    ]);
    expect(ratio(laps, "ansible", 4, "up")).toEqual({ median: 0.5, min: 0.25, max: 1 });
    expect(ratio(laps, "ansible", 16, "up")).toBeUndefined();
    expect(standings(laps).map((s) => [s.contender, s.rounds, s.phases.up.seconds, s.phases.up.cpuSeconds])).toEqual([
      ["ansible", 3, 20, 40],
      ["lathe", 3, 10, 20],
    ]);
  });

  test("a goal is judged where its hosts were measured, and the report names what is missed", () => {
    const laps = [
      lap("lathe", 1, 0, 9),
      lap("ansible", 1, 0, 10),
      lap("lathe", 16, 0, 70, 11),
      lap("ansible", 16, 0, 100),
    ];
    expect(judge(laps).map((v) => v.met)).toEqual([true, false, false]);
    expect(judge(laps.slice(0, 2))).toHaveLength(1);
    const text = reportText(laps, { ansible: "2.19", cores: 2 });
    expect(text).toMatch(/up of 16 hosts, against Ansible \(ratio\) +0\.70 +0\.60 +MISSED/);
    expect(text).toContain("not TF Serving");
  });

  test("processor time is the sum of what bash's times prints, in any locale", () => {
    expect(secondsOf("0m0.250s 0m0.125s\n1m1.500s 0m2,125s\n")).toBe(64);
  });

  test("hosts are numbered so that they sort", () => {
    expect(hostNames(11).at(-1)).toBe("h11");
    expect([...hostNames(11)].sort()).toEqual(hostNames(11));
  });
});
