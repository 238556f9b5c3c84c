import { describe, expect, test } from "vitest";
import { UserError } from "../lib/errors.ts";
import { stackLine, totalLine } from "./board.ts";
import { NOTHING_YET, afterEvent, type RunState } from "./engine-events.ts";
import { defaultParallel } from "./fleet.ts";
import { fleetAsJson, formatFleet } from "./report.ts";
import { chooseStacks, hostOf, knownStacks, type KnownStack } from "./stacks.ts";
import { nextCommand, secondsLeft, type StackStatus } from "./status.ts";
import { expected } from "./times.ts";
import { changesText, doing } from "./resource-names.ts";

const urn = (type: string, name: string) => `urn:pulumi:edge::lathe::lathe:serving:ModelServer$${type}::${name}`;
const command = (name: string) => urn("command:local:Command", name);
const begun = (op: string, at: string) => JSON.stringify({ resourcePreEvent: { metadata: { op, urn: at } } });
const done = (op: string, at: string) => JSON.stringify({ resOutputsEvent: { metadata: { op, urn: at } } });
const broke = (op: string, at: string) => JSON.stringify({ resOpFailedEvent: { metadata: { op, urn: at } } });
const error = (message: string) => JSON.stringify({ diagnosticEvent: { severity: "error", message } });
const after = (...lines: string[]): RunState => lines.reduce(afterEvent, NOTHING_YET);

function status(change: Partial<StackStatus> = {}): StackStatus {
  return {
    ...{ stack: "edge", host: "ubuntu@edge", kind: "again", expected: undefined, startedAt: undefined },
    ...{ endedAt: undefined, state: NOTHING_YET, result: undefined, reason: undefined, log: "/logs/edge.up.log" },
    ...change,
  };
}

describe("which stacks are meant", () => {
  const configured: KnownStack[] = [
    { name: "cloud", configured: true, host: "cloud.example" },
    { name: "dev", configured: true },
    { name: "edge", configured: true },
  ];
  const listed = JSON.stringify([
    { name: "acme/edge", current: false, resourceCount: 9 },
    { name: "old", resourceCount: 1 },
  ]);
  const known = knownStacks(configured, listed);

  test("those with a config file and those of the backend, each once, but dev", () => {
    expect(chooseStacks("up", known)).toEqual([
      { name: "acme/edge", configured: true, deployed: { resources: 9 } },
      { name: "cloud", configured: true, host: "cloud.example" },
      { name: "old", configured: false, deployed: { resources: 1 } },
    ]);
  });

  test("down leaves out what the backend does not know", () => {
    expect(chooseStacks("down", known).map((s) => s.name)).toEqual(["acme/edge", "old"]);
  });

  test("a stack of an organisation is called as Pulumi prints it, and is no other one of the same last name", () => {
    const names = (all: object[]) =>
      knownStacks(configured, JSON.stringify(all)).map((s) => [s.name, s.deployed?.resources]);
    expect(
      names([
        { name: "acme/edge", resourceCount: 9 },
        { name: "edge", resourceCount: 1 },
      ]),
    ).toEqual([
      ["acme/edge", 9],
      ["cloud", undefined],
      ["dev", undefined],
      ["edge", 1],
    ]);
    expect(names([{ name: "a/edge" }, { name: "b/edge" }]).map(([name]) => name)).toEqual([
      "a/edge",
      "b/edge",
      "cloud",
      "dev",
    ]);
    expect(() => chooseStacks("down", known, ["edge"])).toThrow(/no stack "edge"[^]*acme\/edge/);
  });

  test("dev is among them where it is named", () => {
    expect(chooseStacks("up", known, ["dev", "cloud", "dev"]).map((s) => s.name)).toEqual(["dev", "cloud"]);
  });

  test("all unknown names are reported at once, with what was likely meant", () => {
    const ask = () => chooseStacks("up", known, ["cluod", "old", "xyzzy"]);
    expect(ask).toThrow(UserError);
    expect(ask).toThrow(/no stack "cluod", did you mean cloud\?[^]*no stack "xyzzy"[^]*stack init xyzzy/);
  });

  test("no stack at all is reported with the way to the first one", () => {
    expect(() => chooseStacks("up", [{ name: "dev", configured: true }])).toThrow("stack init edge");
    expect(() => chooseStacks("down", configured)).toThrow("nothing to take down");
  });

  test("the host is read from the config file where it stands there in plain text", () => {
    expect(hostOf("config:\n  lathe:host: ubuntu@edge\n")).toBe("ubuntu@edge");
    expect(hostOf("config:\n  lathe:host:\n    secure: abc\n")).toBeUndefined();
    expect(hostOf("config: [broken")).toBeUndefined();
    expect(hostOf("")).toBeUndefined();
  });
});

describe("the engine's events", () => {
  test("a run is followed from its first resource to its summary", () => {
    const container = urn("docker:index/container:Container", "edge.h-container");
    const provider = "urn:pulumi:edge::lathe::pulumi:providers:docker::docker.h";
    expect(doing("up", after())).toBe("reading the machine's facts");
    const some = after(begun("create", provider), done("create", provider), begun("create", command("e-model-null-1")));
    expect(doing("up", some)).toBe("delivering model null/1");
    const most = [
      done("same", command("edge.h-workspace")),
      begun("create-replacement", container),
      done("create-replacement", container),
      done("replace", container),
      begun("update", command("edge.h-gate")),
    ].reduce(afterEvent, some);
    expect(doing("up", most)).toBe("waiting until every model answers");
    const end = [done("update", command("edge.h-gate")), done("create", command("e-model-null-1"))].reduce(
      afterEvent,
      most,
    );
    expect(changesText(end)).toBe("replaced: container; done again: gate; new: model null/1");
    const summary = JSON.stringify({ summaryEvent: { resourceChanges: { same: 1, replace: 1 } } });
    expect(afterEvent(end, summary).summary).toEqual({ same: 1, replace: 1 });
  });

  test("the report leaves out steps that only make way for others", () => {
    const steps = ["edge.h-reservation", "edge.h-firewall", "edge.h-rest-secrets"].map((name) =>
      done("create", command(name)),
    );
    expect(changesText(after(...steps))).toBe("new: firewall, keys");
  });

  test("a run without a change says so", () => {
    expect(changesText(after(done("same", command("edge.h-gate"))))).toBe("nothing");
  });

  test("errors are kept once each, without marks for colours and without the engine's closing words", () => {
    const state = after(
      begun("create", command("edge.h-gate")),
      error("<{%reset%}>gate: container tf-serving does not run<{%reset%}>\n"),
      error("gate: container tf-serving does not run"),
      broke("create", command("edge.h-gate")),
      error("<{%reset%}>update failed<{%reset%}>\n"),
    );
    expect(state.errors).toEqual(["gate: container tf-serving does not run"]);
    expect([state.running.size, state.done.size]).toEqual([0, 0]);
  });

  test("what Lathe warns of is kept, once each, and reported at the end; what others warn of is not", () => {
    const warning = (message: string) => JSON.stringify({ diagnosticEvent: { severity: "warning", message } });
    const state = after(
      warning("<{%reset%}>host edge: it is open to its neighbours<{%reset%}>\n"),
      warning("host edge: it is open to its neighbours"),
      warning("Undefined value (latheSecrets) will not show as a stack output.\n"),
    );
    expect(state.warnings).toEqual(["host edge: it is open to its neighbours"]);
    const ended = [status({ state, result: "up", startedAt: 0, endedAt: 1000 })];
    expect(formatFleet("up", ended, 1)).toContain("edge warns:\n    host edge: it is open to its neighbours\n");
    expect(fleetAsJson("up", ended, 1).stacks[0]).toMatchObject({ warnings: state.warnings });
  });

  test("a torn line, another program's line and an unknown event change nothing", () => {
    const state = after(done("create", command("edge.h-gate")));
    for (const line of [
      "",
      '{"resOutputsEvent":{"meta',
      "plain words",
      "[]",
      '{"policyEvent":{}}',
      '{"resOutputsEvent":1}',
    ])
      expect(afterEvent(state, line)).toBe(state);
  });
});

describe("how long it will take", () => {
  const times = { a: { first: { seconds: 40, steps: 9 } }, b: { first: { seconds: 20, steps: 8 } }, c: {} };

  test("a stack's own last run counts, else the middle one of the others of that kind", () => {
    expect(expected(times, "a", "first")).toEqual({ seconds: 40, steps: 9 });
    expect(expected(times, "c", "first")).toEqual({ seconds: 20, steps: 8 });
    expect(expected(times, "c", "down")).toBeUndefined();
  });

  test("what is left is the slowest one's time, or the work shared out over the engines", () => {
    const took = { seconds: 30, steps: 9 };
    const running = status({ startedAt: 0, expected: took });
    const waiting = status({ expected: took });
    expect(secondsLeft([running], 2, 10_000)).toBe(20);
    expect(secondsLeft([running, waiting, waiting, waiting], 2, 10_000)).toBe(55);
    expect(secondsLeft([running, status()], 2, 10_000)).toBeUndefined();
    expect(secondsLeft([status({ result: "up" })], 2, 10_000)).toBe(0);
  });

  test("a line of progress says what, how far and how long", () => {
    const state = after(done("same", command("edge.h-workspace")), begun("create", command("edge.h-gate")));
    const running = status({ startedAt: 0, expected: { seconds: 40, steps: 9 }, state });
    expect(stackLine("up", running, 12_000)).toBe(
      "edge: waiting until every model answers, 1 of about 9 steps, 12 s of about 40 s",
    );
    expect(totalLine([running, status({ result: "failed" })], 4, 12_000)).toBe(
      "1 of 2 done, 1 failed, 1 at work, 0 waiting; about 28 s left",
    );
  });

  test("more engines than processors, fewer where memory is short, one at the least", () => {
    expect([defaultParallel(2, 20e9), defaultParallel(8, 2e9), defaultParallel(2, 1e8)]).toEqual([8, 5, 1]);
  });
});

describe("the end of a run", () => {
  const all = [
    status({ stack: "cloud", result: "up", startedAt: 0, endedAt: 12_000 }),
    status({ result: "failed", startedAt: 0, endedAt: 3000, reason: "host key is not known\n  fix: ssh edge once" }),
    status({ stack: "far", result: "stopped", startedAt: 0, endedAt: 1000, reason: "canceled" }),
    status({ stack: "last", host: undefined, result: "not begun" }),
  ];

  test("a table, each failure with its reason and the next command, and what is unfinished", () => {
    const text = formatFleet("up", all, 12);
    expect(text).toMatch(/cloud +ubuntu@edge +up +12 s +nothing/);
    expect(text).toContain("edge failed:\n    host key is not known\n      fix: ssh edge once\n");
    expect(text).toContain("next: mend it as said above, then: npx lathe up --stack edge");
    expect(text).toContain("1 of 4 up in 12 s, 1 failed. Unfinished: far (stopped half way), last (not begun).");
    expect(text).toContain("To go on: npx lathe up --stack far,last");
  });

  test("the same as data", () => {
    const { stacks } = fleetAsJson("up", all, 12);
    expect(stacks.map((s) => s.result)).toEqual(["up", "failed", "stopped", "not begun"]);
    expect(stacks[1]).toMatchObject({
      stack: "edge",
      seconds: 3,
      reason: expect.stringContaining("host key") as string,
    });
  });

  test("a locked stack and a missing passphrase have next commands of their own", () => {
    const locked = "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end";
    expect(nextCommand("down", "edge", locked)).toContain("npx lathe pulumi cancel --stack edge && npx lathe down");
    expect(nextCommand("up", "edge", "passphrase must be set with PULUMI_CONFIG_PASSPHRASE")).toContain("export");
    expect(nextCommand("up", "edge", "no more words")).toBe("npx lathe up --stack edge");
    expect(nextCommand("up", "edge", "no more words", "my fleet")).toBe(
      "npx lathe up --project 'my fleet' --stack edge",
    );
  });
});
