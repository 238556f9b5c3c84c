import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EDIT_WRAPPER, UNWRAP_SCRIPT, WRAP_SCRIPT, WRAPPER } from "./bootstrap-script.ts";

/* The wrapper by which users of a host reach Docker through sudo, made and removed by the scripts that a host runs. */

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-wrapper-"));
  mkdirSync(join(dir, "bin"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = () => join(dir, "bin", "docker");
const text = () => readFileSync(file(), "utf8");
const wanted = () => text().match(/^# for .*$/gm) ?? [];
const args = (act: string, who: string) =>
  ["-euc", EDIT_WRAPPER, "lathe", file(), act, who, "/usr/bin/docker"] as const;
const edit = (act: "add" | "remove", who: string) =>
  execFileSync("sh", args(act, who), { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

test("the wrapper stays as long as anyone on the host wants it: another spelling, another user, another's state", () => {
  expect(edit("add", "")).toContain("@@did let users reach docker through sudo");
  expect(wanted()).toEqual([]);
  for (const who of ["lathe/edge id-1", "lathe/edge id-2", "lathe/edge id-1"]) expect(edit("add", who)).toBe("");
  expect(wanted()).toEqual(["# for lathe/edge id-2", "# for lathe/edge id-1"]);
  expect(statSync(file()).mode & 0o777).toBe(0o755);
  edit("remove", "lathe/edge id-2");
  expect(wanted()).toEqual(["# for lathe/edge id-1"]);
  edit("remove", "lathe/edge id-1");
  expect(existsSync(file())).toBe(false);
  expect(existsSync(`${file()}.new`)).toBe(false);
  expect(edit("remove", "lathe/edge id-1")).toBe("");
});

test("the wrapper is a shell command that becomes root unless it is", () => {
  edit("add", "lathe/edge id-1");
  writeFileSync(join(dir, "bin", "sudo"), '#!/bin/sh\necho sudo "$@"\n');
  writeFileSync(join(dir, "bin", "id"), "#!/bin/sh\necho 1000\n");
  for (const name of ["sudo", "id"]) chmodSync(join(dir, "bin", name), 0o755);
  const env = { PATH: `${join(dir, "bin")}${delimiter}${process.env["PATH"]}` };
  const said = execFileSync(file(), ["ps", "--filter", "a b"], { encoding: "utf8", env });
  expect(said).toBe("sudo -n /usr/bin/docker ps --filter a b\n");
});

test("stacks that come and go at once lose nobody's line", async () => {
  const all = Array.from({ length: 12 }, (_, i) => `lathe/edge id-${i}`);
  const run = (act: string) => (who: string) =>
    new Promise((resolve) => spawn("sh", args(act, who), { stdio: "ignore" }).on("close", resolve));
  expect(new Set(await Promise.all(all.map(run("add"))))).toEqual(new Set([0]));
  expect(wanted().sort()).toEqual(all.map((who) => `# for ${who}`).sort());
  const [last = "", ...others] = all;
  await Promise.all(others.map(run("remove")));
  expect(wanted()).toEqual([`# for ${last}`]);
});

test("what any user may open holds nobody up, and the lock is root's alone and gone at the end", async () => {
  // As any user can: with the folder and the command itself locked for good.
  edit("add", "lathe/edge id-1");
  const held = [join(dir, "bin"), file()].map((path) => spawn("flock", [path, "sleep", "60"], { detached: true }));
  try {
    await new Promise((resolve) => setTimeout(resolve, 300));
    writeFileSync(join(dir, "bin", "grep"), '#!/bin/sh\nls -l "$LOCK" >> "$SEEN"; exec /bin/grep "$@"\n');
    chmodSync(join(dir, "bin", "grep"), 0o755);
    const seen = join(dir, "seen");
    const PATH = `${join(dir, "bin")}${delimiter}${process.env["PATH"]}`;
    const env = { ...process.env, PATH, SEEN: seen, LOCK: `${file()}.lock` };
    execFileSync("sh", args("add", "lathe/edge id-2"), { env, timeout: 30_000 });
    expect(readFileSync(seen, "utf8")).toMatch(/^-rw------- /);
    expect(wanted()).toHaveLength(2);
    expect(existsSync(`${file()}.lock`)).toBe(false);
  } finally {
    for (const { pid } of held) if (pid !== undefined) process.kill(-pid);
  }
});

test("a docker command of somebody else's is neither changed nor removed", () => {
  writeFileSync(file(), "#!/bin/sh\nexec podman\n");
  expect(() => edit("add", "lathe/edge id-1")).toThrow();
  edit("remove", "lathe/edge id-1");
  expect(text()).toBe("#!/bin/sh\nexec podman\n");
});

test("the scripts that a host runs add a line for a deployment and take it away again, with the wrapper at the last", () => {
  edit("add", "lathe/cloud id-2");
  writeFileSync(join(dir, "bin", "sudo"), '#!/bin/sh\n[ "$1" = -n ] && shift; exec "$@"\n');
  writeFileSync(join(dir, "bin", "id"), "#!/bin/sh\necho 1000\n");
  for (const name of ["sudo", "id"]) chmodSync(join(dir, "bin", name), 0o755);
  const env = { HOME: dir, PATH: `${join(dir, "bin")}${delimiter}${process.env["PATH"]}` };
  const run = (script: string, who: string) =>
    execFileSync("sh", ["-euc", script.replaceAll(`wrapper=${WRAPPER}`, `wrapper=${file()}`), "lathe", who], {
      encoding: "utf8",
      env,
    });
  run(WRAP_SCRIPT, "lathe/edge id-1");
  expect(wanted()).toEqual(["# for lathe/cloud id-2", "# for lathe/edge id-1"]);
  run(UNWRAP_SCRIPT, "lathe/edge id-1");
  expect(existsSync(file())).toBe(true);
  run(UNWRAP_SCRIPT, "lathe/cloud id-2");
  expect(existsSync(file())).toBe(false);
});
