import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { board } from "../../fleet/board.ts";
import { NOTHING_YET } from "../../fleet/engine-events.ts";
import { resourceProgram } from "../../infra/host-programs/program.ts";
import { clean } from "../../lib/clean.ts";
import { printResult } from "../../lib/cli/result.ts";
import { guarded } from "../../lib/cli/run.ts";
import { jsonOption } from "../../lib/cli/spec.ts";
import { UserError } from "../../lib/errors.ts";
import { print, say } from "../../lib/output.ts";
import { progress } from "../../lib/progress.ts";
import { z } from "zod";
import { compareCommand } from "../compare/command.ts";
import { manifestOf, writeManifest } from "../records/manifest.ts";
import { JsonlWriter } from "../records/jsonl.ts";
import { HOSTILE, writeSampleRun } from "../testing/report.ts";
import { renderSections, reportJson } from "./index.ts";
import { loadReport } from "./load.ts";
import { renderText } from "./render/text.ts";
import { writeReport } from "./write.ts";

/*
 * One hostile text through every writer: as a model's name, a server's error, a remark, a log line. Nothing that is written may hold
 * what a terminal obeys, or what no reader sees.
 */

const EVIL = `${HOSTILE}\u001b[2J\u001b]0;owned\u0007\u009b31m\r\u202e\u2066\u200b\ufeff\u2028\u{e0041}\u0008`;

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "lathe-hostile-"));
  for (const run of ["a", "b"]) await writeSampleRun(join(dir, run), { hostile: EVIL, rounds: 2 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function expectSeen(text: string, what: string): void {
  expect(text, what).toMatch(/onerror|1\+1/);
  expect(clean(text) === text, `${what} holds what nobody sees`).toBe(true);
}

/** Runs something, and gives what it wrote to both outputs. */
async function written(body: () => unknown): Promise<string> {
  let text = "";
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    }),
  );
  try {
    await body();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return text;
}

describe("a run's report", () => {
  it("shows a hostile text and obeys none of it, in each of its forms", async () => {
    const inputs = await loadReport(join(dir, "a"), () => {});
    const sections = await renderSections(inputs);
    for (const name of await writeReport(join(dir, "a"), inputs, sections, await reportJson(inputs))) {
      const text = readFileSync(join(dir, "a", name), "utf8");
      // A CSV begins with the byte order mark, and its lines end as RFC 4180 has it.
      expectSeen(name.endsWith(".csv") ? text.slice(1).replaceAll("\r\n", "\n") : text, name);
    }
    expectSeen(await written(() => print(renderText(sections))), "the terminal");
  });

  it("of somebody else names no file outside of its folder", () => {
    const manifest = JSON.parse(readFileSync(join(dir, "a", "run.json"), "utf8")) as { images: { name: string }[] };
    for (const name of ["../../../etc/passwd", "a/b", '"onload="', "a b", "", ".."]) {
      const changed = { ...manifest, images: manifest.images.map((image) => ({ ...image, name })) };
      expect(() => manifestOf(JSON.stringify(changed), "run.json"), name).toThrow(/run\.json: images\[0\]\.name: /);
    }
  });
});

describe("a run's files", () => {
  it("hold a hostile text as it was, in characters that are seen", async () => {
    const manifest = manifestOf(readFileSync(join(dir, "a", "run.json"), "utf8"), "run.json");
    await writeManifest(join(dir, "b"), manifest);
    const text = readFileSync(join(dir, "b", "run.json"), "utf8");
    expectSeen(text, "run.json");
    expect(manifestOf(text, "run.json")).toEqual(manifest);
    const path = join(dir, "lines.jsonl");
    const writer = new JsonlWriter(path);
    writer.append({ message: EVIL });
    writer.close();
    expectSeen(readFileSync(path, "utf8"), "records");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ message: EVIL });
  });
});

describe("what goes to a terminal", () => {
  const WRITERS: Readonly<Record<string, () => unknown>> = {
    print: () => print(EVIL),
    say: () => say(EVIL),
    "an error": () => guarded(false, () => Promise.reject(new UserError({ what: EVIL, expected: EVIL, fix: EVIL }))),
    "a fault of Lathe's own, with its stack": () => guarded(true, () => Promise.reject(new TypeError(EVIL))),
    "a result": () => printResult(jsonOption("lathe.x/1"), false, EVIL, { EVIL }),
    "a result as JSON": () => printResult(jsonOption("lathe.x/1", { alsoTable: true }), true, EVIL, { [EVIL]: EVIL }),
    progress: () => {
      const steps = progress();
      steps.step(EVIL);
      steps.note(EVIL, true);
      steps.done(EVIL);
    },
    "the board of many stacks": () => {
      const shown = board("up", 1);
      shown.say(EVIL);
      shown.show([{ stack: EVIL, state: NOTHING_YET, result: "failed", reason: EVIL } as never]);
      shown.close();
    },
    "a comparison": async () => print((await compareCommand(join(dir, "a"), join(dir, "b"))).text + EVIL),
  };

  it.each(Object.entries(WRITERS))("holds nothing hostile: %s", async (what, body) => {
    const code = process.exitCode;
    const text = await written(body);
    process.exitCode = code;
    expectSeen(text, what);
  });

  it("holds nothing hostile: what a resource's program says to the engine of a host's words", async () => {
    const said: string[] = [];
    const program = resourceProgram(z.object({ owner: z.string() }), (_action, _spec, steps) => {
      steps.step(EVIL);
      return Promise.reject(new UserError({ what: EVIL }));
    });
    const around = { out: () => {}, err: (words: string) => void said.push(words), cwd: dir };
    expect(await program.run("create", JSON.stringify({ owner: "p/s" }), around)).toBe(1);
    expectSeen(said.join(""), "the engine's words");
  });
});
