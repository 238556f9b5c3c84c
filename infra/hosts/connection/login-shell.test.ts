import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { diagnoseNoise, diagnoseSsh } from "./diagnose.ts";
import { closedPassage, LOGIN_TEXT, openPassage, type Passage } from "./login-shell.ts";

/* What a login shell is given, run by a shell of this machine; by real login shells over ssh: test/engine/login-shells.test.ts. */

/** Runs a passage by a login shell that does something of its own first, as a start file would. */
function run(way: Passage, before = "", input: string | Uint8Array = "") {
  const text = before === "" ? LOGIN_TEXT : `${before}; ${LOGIN_TEXT}`;
  const ended = spawnSync("bash", ["-c", text], { input: Buffer.concat([Buffer.from(way.head), Buffer.from(input)]) });
  return { code: ended.status, stdout: ended.stdout.toString(), stderr: ended.stderr.toString() };
}

function through(command: readonly string[], before = "", input: string | Uint8Array = "") {
  const way = closedPassage(command);
  return way.read(run(way, before, input));
}

const script = (text: string, ...args: string[]) => ["sh", "-euc", text, "lathe", ...args];

test("a command gets its arguments as they are, and all that follows as its input", () => {
  const word = fc
    .string({ unit: "binary", maxLength: 60 })
    .filter((text) => !text.includes("\0") && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), fc.uint8Array({ maxLength: 300 }), (words, input) => {
      const command = script(`for word; do printf '%s,' "$word"; done; od -An -v -tx1`, ...words);
      const { code, stdout } = through(command, "", input);
      const listed = words.map((text) => `${text},`).join("");
      expect(code).toBe(0);
      expect(stdout.slice(0, listed.length)).toBe(listed);
      expect(stdout.slice(listed.length).replaceAll(/\s/g, "")).toBe(Buffer.from(input).toString("hex"));
    }),
    { numRuns: 40 },
  );
});

test("more than a pipe holds arrives whole", () => {
  const input = Buffer.alloc(5 << 20, "model ");
  expect(through(["wc", "-c"], "", input)).toEqual({ code: 0, stdout: `${input.length}\n`, stderr: "" });
});

test("the login shell reads one text, whatever is to be run, and nothing in it that shells read differently", () => {
  const [, quoted = ""] = /^exec sh -c '(.*)'$/.exec(LOGIN_TEXT) ?? [];
  expect(quoted).not.toMatch(/['"!\\`\n]/);
  expect(openPassage(script("a\n'b' \\ é")).head).toMatch(/^[\x20-\x7e]+\n$/);
});

test("what a start file prints is told apart from what the command prints, on both outputs", () => {
  const noisy = "printf 'Welcome!\\nno line end'; echo oops >&2";
  const ended = through(script("echo out; echo err >&2; exit 3"), noisy);
  expect(ended).toEqual({ code: 3, stdout: "out\n", stderr: "err\n", noise: "Welcome!\nno line end" });
  expect(through(script("printf 'no line end'"))).toEqual({ code: 0, stdout: "no line end", stderr: "" });
});

test("a login shell that runs nothing of ours is refused, whatever its exit code says", () => {
  for (const [before, said] of [
    ["exit 0", "exit code 0, and it printed nothing"],
    [
      "echo This account is currently not available.; exit 1",
      'exit code 1, and it printed "This account is currently not available."',
    ],
    // A start file that reads takes our line away.
    ["read -r answer", "exit code 0, and it printed nothing"],
    ["exec cat", undefined],
  ] as const) {
    const { code, stdout, stderr } = through(script("echo ran > /dev/stderr"), before, "rm -rf nothing\n");
    expect([code, stdout]).toEqual([255, ""]);
    const fault = diagnoseSsh({ destination: "edge" }, stderr);
    expect(fault.stage).toBe("shell");
    expect(fault.what).toContain(
      `host edge: its login shell did not run Lathe's command (${said ?? "exit code 0, and it printed"}`,
    );
    expect(fault.fix).toContain("ssh edge echo ok");
  }
});

test("that all ran is told by the end mark, not by the exit code", () => {
  const way = closedPassage(["true"]);
  const half = { stdout: `\n${way.begin}\nhalf`, stderr: `\n${way.begin}\nwhy\n` };
  expect(way.read({ ...half, code: 0 })).toEqual({
    code: null,
    stdout: "half",
    stderr: "why\nit was cut off before its end",
  });
  expect(way.read({ ...half, code: 255 })).toEqual({ code: 255, stdout: "half", stderr: "why\n" });
  // A login shell may have an exit code of its own.
  expect(through(["true"], "trap 'exit 7' EXIT")).toMatchObject({ code: 0 });
  // 255 is ssh's own, and says that nothing ran.
  expect(through(script("exit 255"))).toMatchObject({ code: 254 });
  expect(through(["no-such-program"])).toMatchObject({ code: 127 });
});

test("programs speak English, whatever the host's language", () => {
  expect(through(script('echo "$LC_ALL"'), "export LC_ALL=de_DE.UTF-8").stdout).toBe("C\n");
});

test("a program that goes on speaking begins after the mark, and nothing follows it", () => {
  const way = openPassage(["cat"]);
  const lines = run(way, "echo Welcome", '{"type":"hello"}\n').stdout.split("\n");
  expect(lines.slice(lines.indexOf(way.begin) + 1)).toEqual(['{"type":"hello"}', ""]);
});

test("text of a start file is a fault with the way to silence it, for Docker's own connection would read it", () => {
  const fault = diagnoseNoise({ destination: "edge" }, "Welcome");
  expect(fault).toMatchObject({ stage: "shell", what: expect.stringContaining('"Welcome"') as string });
  expect(fault.fix).toContain("~/.bashrc");
});
