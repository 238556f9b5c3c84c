import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Machine, Server } from "../../../infra/outputs.ts";
import { sampleMachine, sampleModel, sampleServer } from "../../testing/sample-run.ts";
import { othersIn, serversBeside } from "./servers-beside.ts";

const server = (machineId: string, container: string): Server => ({
  ...sampleServer(machineId, [sampleModel("null")]),
  container,
});
const cell = (clientMachine: string, serverMachine: string) => ({ clientMachine, serverMachine });
const row = (name: string, state: string, stack: string, of = name) =>
  `${name}|${state}|lathe/${stack}|id-${stack}|${of}\n`;
const UP = "Up 3 minutes (healthy)";

test("a run's own servers and the proxies before them are not told of; others are, each once, with its stack", () => {
  const printed =
    row("flask", UP, "edge") +
    row("flask-rest", UP, "edge", "flask") +
    row("triton-rest", UP, "web", "triton") +
    row("triton", UP, "web") +
    // The same server of another stack of that name, in somebody else's state.
    `tfs|${UP}|lathe/edge|id-of-another|flask\n`;
  expect(othersIn(printed, ["flask"])).toEqual(["triton (stack lathe/web)", "tfs (stack lathe/edge)"]);
});

test("what is paused or does not run takes no processor time, and is not told of; a proxy of one's own that is paused neither", () => {
  const paused = "Up 3 minutes (Paused)";
  const printed =
    row("a", paused, "x") +
    row("b", "Restarting (1) 2 seconds ago", "x") +
    row("c", "Created", "x") +
    row("own", paused, "edge") +
    row("own-rest", UP, "edge", "own");
  expect(othersIn(printed, ["own"])).toEqual([]);
  expect(othersIn("", ["own"])).toEqual([]);
});

test("names of any length and number are cut to what fits a sentence", async () => {
  const machines = [sampleMachine("edge")];
  const many = Array.from({ length: 5000 }, (_, i) => row(`s${i}-${"x".repeat(5000)}`, UP, "web")).join("");
  const [remark = ""] = await serversBeside({ machines, servers: [] }, [cell("edge", "edge")], () =>
    Promise.resolve(many),
  );
  expect(remark.length).toBeLessThan(2000);
  expect(remark).toContain("and 995 more. They are no part of this run and are not frozen");
});

test("each machine of a run's cells is asked once, whatever its roles; one that does not say is no fault", async () => {
  const two = (id: string): Machine => ({ ...sampleMachine("edge"), id });
  const silent = { ...sampleMachine("client"), facts: { ...sampleMachine("client").facts, machineId: "other" } };
  const machines = [silent, two("edge"), two("also-edge"), { ...sampleMachine("unused"), ssh: null }];
  const servers = [server("edge", "own"), server("also-edge", "second")];
  const asked: string[] = [];
  const ask = (machine: Machine) => {
    asked.push(machine.id);
    const said = row("own", UP, "edge") + row("second", UP, "also") + row("third", UP, "web");
    return Promise.resolve(machine.id === "client" ? undefined : said);
  };
  const cells = [cell("client", "edge"), cell("client", "also-edge"), cell("edge", "edge")];
  expect(await serversBeside({ machines, servers }, cells, ask)).toEqual([
    "Machine edge: other servers of Lathe's ran there when this run began: third (stack lathe/web). They are no part of this run and " +
      "are not frozen: what they compute is part of its times.",
  ]);
  expect(asked).toEqual(["client", "edge"]);
});

test("an engine is asked for Lathe's containers alone, by docker ps", async () => {
  const dir = mkdtempSync(join(tmpdir(), "lathe-beside-"));
  const path = process.env["PATH"] ?? "";
  try {
    // Prints the line only where it is asked as it should be.
    const asked = 'ps --filter label=org.lathe.owner --format {{.Names}}|{{.Status}}|{{.Label "org.lathe.owner"}}';
    writeFileSync(
      join(dir, "docker"),
      `#!/bin/sh\ncase "$*" in '${asked}'*) printf 'x|Up 1 second|lathe/web|i|x\\n' ;; esac\n`,
    );
    chmodSync(join(dir, "docker"), 0o755);
    process.env["PATH"] = `${dir}:${path}`;
    const machines = [{ ...sampleMachine("dev"), ssh: null }];
    expect(await serversBeside({ machines, servers: [] }, [cell("dev", "dev")])).toEqual([
      expect.stringContaining("x (stack lathe/web)"),
    ]);
  } finally {
    process.env["PATH"] = path;
    rmSync(dir, { recursive: true });
  }
});
