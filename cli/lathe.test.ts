import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { OptionSpec } from "../lib/cli/spec.ts";
import { latheProgram, repoRoot } from "../lib/paths.ts";
import { verbOf } from "./verb-names.ts";
import { VERBS } from "./verbs.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As from a shell: what npm says to the tests is not theirs. */
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));

function start(program: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, argv, { cwd: repoRoot, env: { ...ENV, ...env } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr }),
    );
  });
}

const lathe = (...argv: string[]) => start(process.execPath, [latheProgram, ...argv]);
const STACK_TRACE = /^ +at .+:\d+:\d+\)?$/m;

describe("--help", () => {
  it.each(["", ...Object.keys(VERBS)])("of `lathe %s` fits on a screen and teaches by example", async (verb) => {
    const words = verb === "" ? [] : verb.split(" ");
    const { code, stdout, stderr } = await lathe(...words, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/^usage: npx lathe /m);
    expect(stdout).toMatch(/^exit codes: /m);
    const examples =
      stdout
        .split("\nexamples:\n")[1]
        ?.split("\n\n")[0]
        ?.match(/^ {2}\S.*/gm) ?? [];
    expect(examples.every((line) => line.includes("npx lathe"))).toBe(true);
    expect([2, 3, 4]).toContain(examples.length);
  });

  it("of a verb can also be asked for as `lathe help VERB`", async () => {
    const [asked, usual] = await Promise.all([lathe("help", "compare"), lathe("compare", "-h")]);
    expect([asked.code, asked.stdout]).toEqual([0, usual.stdout]);
  });

  it("lists the verbs in the order of a user's journey", async () => {
    const { stdout } = await lathe("--help");
    const verbs = ["demo", "doctor", "up", "plan", "bench", "report", "compare", "down"];
    const places = verbs.map((verb) => stdout.search(new RegExp(`^  ${verb} `, "m")));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});

describe("options", () => {
  it("mean the same and are read alike wherever a verb has them", async () => {
    const forms = new Map<string, Set<string>>();
    for (const { load } of Object.values(VERBS)) {
      const { spec } = await load();
      for (const [name, { value = "none" }] of Object.entries(spec.options)) {
        const form = forms.get(name) ?? new Set();
        forms.set(name, form.add(value));
      }
    }
    // `--hosts` of a lab are names, of selfbench numbers.
    expect([...forms].filter(([name, form]) => form.size > 1 && name !== "hosts")).toEqual([]);
  });

  it("that take files read them from where the command was typed, wherever npm runs it", async () => {
    vi.stubEnv("INIT_CWD", "/somewhere/else");
    const faults: string[] = [];
    let read = 0;
    for (const [verb, { load }] of Object.entries(VERBS)) {
      const { spec } = await load();
      for (const [name, option] of Object.entries<OptionSpec>(spec.options)) {
        if (option.completes !== "files") continue;
        read += 1;
        const of = (text: string) =>
          String(option.read?.(text, (expected) => faults.push(`${verb} --${name}: ${expected}`)));
        expect(of("a/b.yaml"), `${verb} --${name}`).toBe("/somewhere/else/a/b.yaml");
        expect(of("/abs/b.yaml"), `${verb} --${name}`).toBe("/abs/b.yaml");
        expect(option.default, `${verb} --${name}: a default is not typed anywhere`).toBeUndefined();
      }
    }
    vi.unstubAllEnvs();
    expect([faults, read > 8]).toEqual([[], true]);
  });

  it("that name a file which is not there say so in words", async () => {
    const { code, stderr } = await lathe("plan", "--outputs", "/nowhere/a.json");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: \/nowhere\/a\.json: there is no such file\n {2}expected: /),
    ]);
  });

  it("have a --json of a schema of its own wherever a table is printed", async () => {
    const without = [];
    for (const [name, { load }] of Object.entries(VERBS)) {
      const { json } = (await load()).spec.options;
      if (json === undefined) without.push(name);
      else expect(json.help).toMatch(/^print JSON \(lathe\.[a-z-]+\/\d\) on stdout/);
    }
    expect(without).toEqual(["pulumi", "completion"]);
  });
});

describe("wrong use", () => {
  it.each([
    [[], /^Lathe deploys/],
    [["benhc"], /^error: unknown verb "benhc"\n {2}expected: did you mean bench\?\n {2}fix: npx lathe --help\n$/],
    [["toString"], /^error: unknown verb "toString"\n {2}expected: one of demo, doctor, /],
    [["--jsno"], /^error: unknown verb "--jsno"/],
    [
      ["selfbench"],
      /^error: no verb of selfbench given\n {2}expected: one of clients, distance, fleet, links, load, records, truth, tune/,
    ],
    [["selfbench", "clints"], /expected: did you mean clients\?/],
    [["up", "--stak", "edge"], /^error: unknown option "--stak"\n {2}expected: did you mean --stack\?\n/],
    [["up", "edge"], /^error: an operand too many: "edge"/],
    [["down", "--parallel", "0"], /^error: --parallel 0\n {2}expected: a whole number of at least 1/],
    [["doctor"], /^error: no host given/],
    [["doctor", "[-oProxyCommand=x]"], /^error: HOST: "\[-oProxyCommand=x\]"/],
    [["doctor", "x", "--ports", "grpc=70000"], /^error: --ports: "grpc=70000"/],
    [["plan", "--requests", "0"], /^error: --requests 0/],
    [["bench", "--resume", "--seed", "2"], /^error: --seed: a resumed run keeps the options that it began with/],
    [["compare", "A"], /^error: compare: one run/],
    [["bench", "compare", "A"], /^error: compare: one run/],
    [["report", "A", "B"], /^error: an operand too many/],
    [["models", "fetch", "nul"], /did you mean null\?/],
    [["models", "lock"], /^error: models lock/],
    [["lab", "lnk"], /did you mean link\?/],
    [["lab", "down", "--clear"], /^error: --clear: down does not read it/],
    [["toolchain", "biuld"], /did you mean build\?/],
    [["demo", "--requests", "many"], /^error: --requests many/],
    [["demo", "--minutes", "5"], /^error: unknown option "--minutes"/],
    [["demo", "--images", "2,x"], /^error: --images: "x"\n {2}expected: numbers such as 2,7/],
    [["demo", "--name", "../x"], /^error: the lab's name "\.\.\/x"/],
    [["lab", "down", "--name", "../.."], /^error: the lab's name "\.\.\/\.\."/],
    [["lab", "link", "edge"], /^error: link edge: no option\n {2}expected: either --clear, or --delay-ms/],
    [["lab", "link", "edge", "--clear", "--delay-ms", "1"], /^error: link edge: --clear and a limit/],
    [["bench", "compair", "A", "B"], /^error: unknown verb of bench "compair"\n {2}expected: did you mean compare\?/],
    [["bench", "pln"], /did you mean plan\?/],
    [["bench", "2026-11-22T18-00-00Z"], /^error: unknown operand "2026-11-22T18-00-00Z"/],
    [["bench", "--requests", "-5"], /^error: --requests -5\n {2}expected: a whole number of at least 1/],
    [["bench", "--requests=-5"], /^error: --requests -5\n {2}expected: a whole number of at least 1/],
    [["plan", "--matrix", ""], /^error: --matrix ""\n {2}expected: a file or folder/],
    [["selfbench", "records", "--records", "x"], /^error: --records x/],
    [["completion", "tcsh"], /^error: unknown action "tcsh"/],
    [["completion", "zhs"], /did you mean zsh\?/],
    [["completion", "zsh", "x"], /^error: an operand too many: "x"/],
  ] as const)("%j ends with code 2, one error and no stack trace", async (argv, text) => {
    const { code, stdout, stderr } = await lathe(...argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(text);
    expect(stderr).not.toMatch(STACK_TRACE);
  });

  it("shows where it arose with --verbose", async () => {
    expect((await lathe("up", "edge", "--verbose")).stderr).toMatch(STACK_TRACE);
  });
});

describe("the program", () => {
  it("takes `bench plan` and the like for the verbs that they are", () => {
    const names = [
      ["bench", "plan", "--json"],
      ["bench", "report"],
      ["bench", "compare"],
      ["bench", "--resume"],
    ];
    expect(names.map((argv) => verbOf(VERBS, argv).name)).toEqual(["plan", "report", "compare", "bench"]);
    expect(verbOf(VERBS, ["bench", "plan", "--json"]).rest).toEqual(["--json"]);
    expect(verbOf(VERBS, ["selfbench", "fleet", "--check"])).toMatchObject({
      name: "selfbench fleet",
      rest: ["--check"],
    });
  });

  it("prints its version, and data alone on stdout", async () => {
    const { version } = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8")) as { version: string };
    expect((await lathe("--version")).stdout).toBe(`${version}\n`);
    const { code, stdout } = await lathe("models", "list", "null", "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { schema: "lathe.models/1", models: [{ name: "null" }] }]);
  });

  it.each([
    ["stdout", 1, "--help"],
    ["stderr", 2, "nonsense"],
  ])("ends quietly where nobody reads its %s any more, as under `| head -1`", async (_name, number, word) => {
    // The program begins once the reading end is closed.
    const command = 'read -r line; exec "$@"';
    const child = spawn("sh", ["-c", command, "sh", process.execPath, latheProgram, word], { cwd: repoRoot, env: ENV });
    let said = "";
    const [closed, open] = number === 1 ? [child.stdout, child.stderr] : [child.stderr, child.stdout];
    open.setEncoding("utf8").on("data", (text: string) => (said += text));
    closed.destroy();
    closed.once("close", () => child.stdin.end("\n"));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, said]).toEqual([141, ""]);
  });

  it("is the bin of the package, and hands over to npm's Node where its own runs no TypeScript", async () => {
    const { bin } = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8")) as { bin: { lathe: string } };
    const launcher = join(repoRoot, bin.lathe);
    const [direct, other, wrong] = await Promise.all([
      start(launcher, ["up", "--help"], { PATH: `${join(process.execPath, "..")}:${ENV["PATH"] ?? ""}` }),
      start(process.execPath, ["--no-experimental-strip-types", launcher, "up", "--help"]),
      start(process.execPath, ["--no-experimental-strip-types", launcher, "up", "x"]),
    ]);
    expect([direct.code, other.code, wrong.code]).toEqual([0, 0, 2]);
    expect(direct.stdout).toMatch(/^usage: npx lathe up/m);
    expect(other.stdout).toBe(direct.stdout);
  });

  it("is found by npx in the checkout", async () => {
    const { code, stdout } = await start("npx", ["--offline", "lathe", "--help"]);
    expect([code, stdout]).toEqual([0, (await lathe("--help")).stdout]);
  }, 120_000);

  it("loads of the other verbs nothing", async () => {
    const loaded = join(mkdtempSync(join(tmpdir(), "lathe-loaded-")), "list");
    const hook =
      `import { registerHooks } from "node:module"; import { appendFileSync } from "node:fs";` +
      `registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(loaded)}, url + "\\n"); return next(url, context); } });`;
    const hooks = `data:text/javascript,${encodeURIComponent(hook)}`;
    await start(process.execPath, ["--import", hooks, latheProgram, "doctor", "--help"]);
    const modules = readFileSync(loaded, "utf8").trim().split("\n");
    rmSync(join(loaded, ".."), { recursive: true });
    expect(modules.filter((url) => url.includes("/node_modules/"))).toEqual([]);
    expect(modules.filter((url) => /\/(bench|fleet|lab|models|demo|toolchain)\//.test(url))).toEqual([]);
    expect(modules.length).toBeLessThan(40);
  });
});

describe("npm", () => {
  const scripts = (
    JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8")) as { scripts: Record<string, string> }
  ).scripts;

  it("calls lathe for every command of a user", () => {
    const own = ["typecheck", "lint", "format", "test", "fuzz", "docs"];
    for (const [name, script] of Object.entries(scripts).filter(([name]) => !own.includes(name))) {
      const [node, file, ...argv] = script.split(" ");
      expect([node, file], name).toEqual(["node", "cli/lathe.js"]);
      expect(verbOf(VERBS, argv).verb, name).toBeDefined();
    }
  });

  it("has an option that it took refused", async () => {
    const npm = { npm_lifecycle_event: "down", npm_lifecycle_script: scripts["down"] ?? "", npm_config_stack: "edge" };
    const { code, stdout, stderr } = await start(process.execPath, [latheProgram, "down"], npm);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("fix: npm run down -- --stack edge, or npx lathe down --stack edge\n");
  });

  it("has a verb of bench with such an option refused too", async () => {
    const npm = {
      npm_lifecycle_event: "bench",
      npm_lifecycle_script: scripts["bench"] ?? "",
      npm_config_threshold: "5%",
    };
    const { code, stderr } = await start(process.execPath, [latheProgram, "bench", "compare", "A", "B"], npm);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "fix: npm run bench -- compare A B --threshold 5%, or npx lathe compare A B --threshold 5%\n",
    );
  });
});

describe("completion", () => {
  let dir: string;
  beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), "lathe-completion-"))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const words = async (...line: string[]) =>
    (await lathe("completion", "words", "--", ...line)).stdout.split("\n").slice(0, -1);

  async function script(shell: string): Promise<string> {
    const file = join(dir, `lathe.${shell}`);
    const { code, stdout } = await lathe("completion", shell);
    expect(code).toBe(0);
    writeFileSync(file, stdout);
    return file;
  }

  it.each(["bash", "zsh", "fish"])("for %s is a script that the shell reads where it is installed", async (shell) => {
    const file = await script(shell);
    expect(readFileSync(file, "utf8")).toContain(`${latheProgram} completion words -- `);
    const { error, status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return;
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("knows every verb, with what it is about", async () => {
    const [first, of] = await Promise.all([words("lathe", ""), words("lathe", "selfbench", "")]);
    for (const [name, { about }] of Object.entries(VERBS)) {
      const [word, second] = name.split(" ");
      if (second === undefined) expect(first).toContain(`${word}\t${about}`);
      else expect(of).toContain(`${second}\t${about}`);
    }
    expect(await words("npx", "lathe", "report", "--p")).toEqual(["--print\tprint it as text, and write no file"]);
  });

  it("for bash completes verbs, actions, options, their values, and lists of them", async () => {
    const file = await script("bash");
    const lines = [
      ...[
        "lathe comp",
        "lathe up --re",
        "lathe up --stack d",
        "lathe up --stack = d",
        "lathe bench --client probe,grpc",
      ],
      ...[
        "lathe plan --experiment remote-image-2",
        "lathe lab l",
        "lathe models fetch nu",
        "npx lathe rep",
        "npx other rep",
      ],
      ...[
        "lathe selfbench f",
        "lathe selfbench fleet --ho",
        "lathe pulumi --",
        "lathe bench --budget 1",
        "lathe completion z",
      ],
    ];
    const ask = `source ${file}; while read -ra COMP_WORDS; do COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _lathe; echo "\${COMPREPLY[*]}"; done`;
    const { stdout, stderr } = spawnSync("bash", ["-c", ask], { input: `${lines.join("\n")}\n`, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, -1)).toEqual([
      ...["compare completion", "--refresh", "dev", "dev", "probe,grpc-js"],
      ...["remote-image-2", "link", "null null-large", "report", ""],
      ...["fleet", "--hosts", "", "", "zsh"],
    ]);
  });

  it("prints names of the checkout, and where files are wanted", async () => {
    expect(await words("lathe", "up", "--stack=d")).toContain("--stack=dev\t");
    expect(await words("lathe", "plan", "--models", "null,ssd-m")).toEqual(["null,ssd-mobilenet\t"]);
    expect(await words("lathe", "plan", "--experiment", "")).toContain("local\t");
    expect(await words("lathe", "plan", "--matrix", "my")).toEqual([":files"]);
    expect(await words("lathe", "doctor", "x")).toEqual([":files"]);
  });
});
