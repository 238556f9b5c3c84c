import { describe, expect, it } from "vitest";
import { UserError, WrongUse, isWrongUse } from "../errors.ts";
import { COLUMNS, helpText } from "./help.ts";
import { parse } from "./parse.ts";
import { type CommandSpec, jsonOption } from "./spec.ts";
import { refuseSwallowed } from "./swallowed.ts";
import { list, listOf, number, positive, whole } from "./values.ts";

const SPEC: CommandSpec = {
  name: "npx lathe x",
  summary: "Does x.",
  operands: "[Y]",
  most: 1,
  options: {
    size: { value: "N", help: "how much", default: "3" },
    stack: { value: "A,B", help: "which" },
    "delay-ms": { value: "N", help: "how late", rare: true },
    keep: { help: "keep it" },
    json: jsonOption("lathe.x/1"),
  },
  details: [`${"A long\ntale. ".repeat(20)}The end.`],
  more: ["A longer one."],
  examples: [["npx lathe x --size 4", "more"]],
  exits: { 0: "done", 3: "not known" },
};

const ACTIONS: CommandSpec = {
  name: "npx lathe y",
  summary: "Does y.",
  operands: "ACTION",
  actions: { up: "makes it", link: "HOST: sets it" },
  options: { hosts: { value: "A,B", help: "hosts", on: ["up"] }, clear: { help: "", on: ["link"] } },
  exits: { 0: "done" },
};

describe("--help", () => {
  it("shows usage, options with their defaults, examples and exit codes", () => {
    const text = helpText(SPEC);
    expect(text).toContain("usage: npx lathe x [options] [Y]");
    expect(text).toMatch(/--size N +how much \(default: 3\)/);
    expect(text).toMatch(/npx lathe x --size 4 +more/);
    expect(text).toContain("exit codes: 0 done; 2 wrong use; 3 not known");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(COLUMNS);
    // Breaks of the source are none of the text: each line but the last is as full as it can be.
    expect(text).toMatch(/^(A long tale\. )+A long\n/m);
    expect(text.replaceAll(/\s+/g, " ")).toContain(`${"A long tale. ".repeat(20)}The end.`);
  });

  it("keeps rare options and longer tales for --all", () => {
    expect(helpText(SPEC)).not.toMatch(/--delay-ms|A longer one/);
    expect(helpText(SPEC)).toContain("--all");
    expect(helpText(SPEC, true)).toMatch(/rare options:\n +--delay-ms N +how late[^]*A longer one\./);
    expect(helpText(ACTIONS)).not.toContain("--all");
  });

  it("shows actions, and which of them reads an option", () => {
    expect(helpText(ACTIONS)).toMatch(/actions:\n +up +makes it\n +link +HOST: sets it[^]*--hosts A,B +up: hosts/);
  });
});

describe("a command line", () => {
  it("is options with their defaults, an action and operands", () => {
    const { values, operands, given } = parse(SPEC, ["--stack=edge", "y", "--keep"]);
    expect(values).toMatchObject({ size: "3", stack: "edge", keep: true });
    expect([operands, given]).toEqual([["y"], new Set(["stack", "keep"])]);
    expect(parse(ACTIONS, ["link", "edge", "--", "-n"])).toMatchObject({ action: "link", operands: ["edge", "-n"] });
  });

  it.each([
    [["--stak", "edge"], 'unknown option "--stak"\n  expected: did you mean --stack?\n  fix: npx lathe x --help'],
    [["--toString"], 'unknown option "--toString"\n  expected: one of --size, --stack, --delay-ms, --keep, --json'],
    [["--__proto__=1"], 'unknown option "--__proto__"'],
    [["-x"], 'unknown option "-x"'],
    [
      ["--stack", "a", "--size=1", "--stack=b"],
      "--stack a and --stack b\n  expected: --stack A,B, given once\n  fix: npx lathe x --help",
    ],
    [["--stack"], "--stack has no value\n  expected: --stack A,B"],
    [["--stack", "--keep"], '--stack has no value\n  expected: --stack A,B (one that begins with "-": --stack=--keep)'],
    [["--keep=no"], "--keep=no\n  expected: --keep alone"],
    [["a", "b"], 'an operand too many: "b"\n  expected: [Y]'],
    [["--all"], "--all without --help"],
    [["--stak=1", "--sizes=2"], 'unknown option "--stak"\n  expected: did you mean --stack?\nunknown option "--sizes"'],
  ])("%j is wrong use, told in one error", (argv, text) => {
    expect(() => parse(SPEC, argv)).toThrow(WrongUse);
    expect(() => parse(SPEC, argv)).toThrow(text);
  });

  it("names an action that there is, with options that it reads", () => {
    expect(() => parse(ACTIONS, [])).toThrow("no action given\n  expected: one of up, link");
    expect(() => parse(ACTIONS, ["lnk"])).toThrow('unknown action "lnk"\n  expected: did you mean link?');
    expect(() => parse(ACTIONS, ["up", "--clear"])).toThrow("--clear: up does not read it\n  expected: with link");
    expect(parse({ ...ACTIONS, otherwise: "up" }, ["--hosts", "a"]).action).toBe("up");
  });

  it("asks for help whatever else is wrong with it", () => {
    expect(parse(SPEC, ["--stak", "--help"]).values.help).toBe(true);
    expect(parse(ACTIONS, ["-h"]).values.help).toBe(true);
  });
});

describe("an option that npm took", () => {
  const taken = (
    spec: CommandSpec,
    script: string,
    typed: readonly string[],
    env: Readonly<Record<string, string>>,
    event = "x",
  ) =>
    refuseSwallowed(spec, typed, [...script.split(" ").slice(2), ...typed], {
      ...{ npm_lifecycle_event: event, npm_lifecycle_script: script },
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [`npm_config_${name}`, value])),
    });
  const SCRIPT = "node cli/lathe.js x";

  it.each([
    [{ stack: "edge" }, [], "npm run x -- --stack edge, or npx lathe x --stack edge"],
    [{ stack: "true" }, ["edge"], "npm run x -- --stack edge, or npx lathe x --stack edge"],
    [{ stack: "" }, [], "npm run x -- --stack A,B, or npx lathe x --stack A,B"],
    [{ stack: "a\n\nb" }, [], "npm run x -- --stack a,b, or npx lathe x --stack a,b"],
    [{ stack: "my own" }, ["y"], "npm run x -- y --stack 'my own', or npx lathe x y --stack 'my own'"],
    [{ delay_ms: "20" }, ["y"], "npm run x -- y --delay-ms 20, or npx lathe x y --delay-ms 20"],
    [{ keep: "true" }, ["y"], "npm run x -- y --keep, or npx lathe x y --keep"],
    [{ json: "true" }, [], "npm run x -- --json, or npx lathe x --json"],
    [{ loglevel: "verbose" }, [], "npm run x -- --verbose, or npx lathe x --verbose"],
    [{ stack: "true", size: "true" }, ["1", "2"], "npm run x -- … --size N --stack A,B, or npx lathe x …"],
  ] as const)("%j is refused, and shown as it arrives", (env, typed, fix) => {
    expect(() => taken(SPEC, SCRIPT, typed, env)).toThrow(WrongUse);
    expect(() => taken(SPEC, SCRIPT, typed, env)).toThrow(/^--[a-z, -]+: npm took/);
    expect(() => taken(SPEC, SCRIPT, typed, env)).toThrow(`fix: ${fix}`);
  });

  it("is refused of each action, of another program, and under npx", () => {
    expect(() => taken(ACTIONS, "node cli/lathe.js y", ["up"], { hosts: "a" }, "y")).toThrow(
      "fix: npm run y -- up --hosts a, or npx lathe y up --hosts a",
    );
    const passes: CommandSpec = {
      ...SPEC,
      options: {},
      passes: { stack: { value: "NAME", help: "" } },
    };
    expect(() => taken(passes, SCRIPT, ["up"], { stack: "edge" })).toThrow("fix: npm run x -- up --stack edge");
    expect(() => taken(SPEC, "lathe", [], { stack: "edge" }, "npx")).toThrow(/fix: npx lathe x --stack edge$/);
  });

  it("is none where it arrived all the same, where nothing was taken, or npm is not there", () => {
    expect(() => taken(SPEC, SCRIPT, ["--json"], { json: "true" })).not.toThrow();
    expect(() => taken(SPEC, SCRIPT, ["--stack=a"], { stack: "b", cache: "/x", user_agent: "npm" })).not.toThrow();
    expect(() => refuseSwallowed(SPEC, [], [], { npm_config_stack: "edge" })).not.toThrow();
    // What an .npmrc switches off is in the environment, too, and npx has a `--yes` of its own.
    for (const off of ["", "false"]) expect(() => taken(SPEC, SCRIPT, [], { keep: off, json: off })).not.toThrow();
    const asks: CommandSpec = { ...SPEC, options: { yes: { help: "" } } };
    expect(() => taken(asks, "lathe x", [], { yes: "true" }, "npx")).not.toThrow();
    expect(() => taken(asks, SCRIPT, [], { yes: "true" })).toThrow("--yes: npm took it");
  });
});

describe("values of options", () => {
  const READ: CommandSpec = {
    ...SPEC,
    options: {
      n: { value: "N", read: whole(1), help: "", default: "7" },
      s: { value: "S", read: number(0), help: "" },
      rate: { value: "R", read: positive, help: "" },
      stack: { value: "A,B", read: list, help: "" },
      client: { value: "A,B", read: listOf(["probe", "rest"]), help: "" },
    },
  };

  it("are numbers and lists", () => {
    const { values } = parse(READ, ["--n", "3", "--s", "0.5", "--rate=0.1", "--stack", "a, b"]);
    expect(values).toMatchObject({ n: 3, s: 0.5, rate: 0.1, stack: ["a", "b"] });
    expect(parse(READ, []).values).toMatchObject({ n: 7, stack: undefined });
  });

  it.each(["0", "1.5", "x", "", " "])('"%s" is no whole number of at least 1', (text) => {
    expect(() => parse(READ, [`--n=${text}`])).toThrow(/^--n.*\n {2}expected: a whole number of at least 1\n/);
  });

  it("show all that is wrong with them at once, and what to type for more", () => {
    const wrong = () => parse(READ, ["--n", "0", "--s=-1", "--rate", "0", "--stack", "a,,b", "--client", "prob"]);
    expect(wrong).toThrow(WrongUse);
    expect(wrong).toThrow(
      /^--n 0\n {2}expected: a whole number of at least 1\n--s -1\n {2}expected: a number of at least 0/,
    );
    expect(wrong).toThrow("--rate 0\n  expected: a number above 0");
    expect(wrong).toThrow('--stack "a,,b"\n  expected: words with commas between them: A,B');
    expect(wrong).toThrow(/no "prob"\n {2}expected: did you mean probe\?\n {2}fix: npx lathe x --help$/);
  });
});

describe("wrong use", () => {
  it("is what was typed, not what came of it", () => {
    expect(isWrongUse(new WrongUse({ what: "no host given" }))).toBe(true);
    expect(isWrongUse(new UserError([{ what: '--stack: there is no stack "x"' }, { what: "--models: none" }]))).toBe(
      true,
    );
    expect(isWrongUse(new UserError([{ what: "--models: none" }, { what: "bench.yaml:3: x" }]))).toBe(false);
    expect(isWrongUse(new UserError({ what: "edge: no route" }))).toBe(false);
    expect(isWrongUse(new Error("--x"))).toBe(false);
  });
});
