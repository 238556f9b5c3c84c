import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OWN_FOLDER } from "./own-folder.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-own-"));
  mkdirSync(join(dir, "bin"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const at = (...parts: string[]) => join(dir, ...parts);
function folder(path: string, mode: number): string {
  mkdirSync(at(path), { recursive: true });
  chmodSync(at(path), mode);
  return at(path);
}

/** A program of the host's, as a shell script. */
function tool(name: string, body: string): void {
  writeFileSync(at("bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** What is said of a folder; empty: it is Lathe's alone. */
function said(path: string): string {
  const env = { ...process.env, PATH: `${at("bin")}${delimiter}${process.env["PATH"]}` };
  const ended = spawnSync("sh", ["-euc", `${OWN_FOLDER}\nalone "$1" || exit 1`, "lathe", path], { env });
  expect([0, 1]).toContain(ended.status);
  expect(ended.status === 0).toBe(ended.stderr.length === 0);
  return ended.stderr.toString();
}

describe("a folder is Lathe's alone", () => {
  test("where only root and this user may change it and all above it, whether it is there yet or not", () => {
    expect(said(at("new", "folder"))).toBe("");
    expect(said(folder("a folder with spaces", 0o755))).toBe("");
    // In a shared folder with the sticky bit, only who owns a name may change it.
    folder("shared", 0o1777);
    expect(said(folder("shared/own", 0o700))).toBe("");
    expect(said(at("shared", "new", "folder"))).toBe("");
  });

  test("not where others may write to it, or to a folder above it", () => {
    expect(said(folder("open", 0o777))).toMatch(
      /^\S+\/open is not Lathe's alone: others may write to \S+\/open \(mode 777\)/,
    );
    expect(said(at("open", "new"))).toContain("others may write to");
    expect(said(folder("open/own", 0o700))).toContain("others may write to");
    // The sticky bit does not keep others from making files in the folder itself.
    expect(said(folder("sticky", 0o1777))).toContain("others may write to");
  });

  test("not where a group may write that has others in it", () => {
    folder("team", 0o770);
    tool("stat", `printf '%s 4242 770\\n' "$(id -u)"`);
    expect(said(at("team", "new"))).toContain("(mode 770)");
    // A group of one's own, as Debian and Ubuntu make it for each user.
    tool("id", `case "$1" in -u|-g) echo 1000 ;; *) echo alice ;; esac`);
    tool("stat", "echo 1000 1000 775");
    expect(said(at("team"))).toBe("");
    tool("id", `case "$1" in -u|-g) echo 1000 ;; -gn) echo users ;; *) echo alice ;; esac`);
    expect(said(at("team"))).toContain("(mode 775)");
  });

  test("not where another user owns it, a folder above it, or a link on the way", () => {
    folder("theirs", 0o755);
    const real = spawnSync("sh", ["-c", "command -v stat"]).stdout.toString().trim();
    tool("stat", `case "$3" in */theirs|*/link) echo 4242 4242 755 ;; *) exec ${real} "$@" ;; esac`);
    expect(said(at("theirs"))).toContain(`${at("theirs")} is of another user (number 4242)`);
    expect(said(at("theirs", "new"))).toContain("is of another user");
    folder("safe", 0o755);
    symlinkSync(at("safe"), at("link"));
    expect(said(at("link", "new"))).toContain(`${at("link")} is of another user`);
    symlinkSync(at("theirs"), at("own-link"));
    expect(said(at("own-link", "new"))).toContain(`${at("theirs")} is of another user`);
  });
});

test("a workspace that somebody else prepared is refused before anything is put there", async () => {
  const { program } = await import("../host-programs/workspace.ts");
  const workspace = folder("shared/ws", 0o777);
  // Forged: the stack's own name, and an agent where the bench would look for it.
  writeFileSync(join(workspace, ".lathe-owner"), "lathe/edge\n\n");
  let words = "";
  const around = { out: () => {}, err: (text: string) => void (words += text), cwd: dir };
  const spec = JSON.stringify({ target: null, owner: "lathe/edge", id: "1", workspace, files: [] });
  expect(await program.run("create", spec, around)).toBe(1);
  expect(words).toContain(`${workspace} is not Lathe's alone: others may write to`);
  expect(readFileSync(join(workspace, ".lathe-owner"), "utf8")).toBe("lathe/edge\n\n");
  expect(existsSync(join(workspace, "agents"))).toBe(false);
});
