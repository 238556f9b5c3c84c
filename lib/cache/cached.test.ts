import { spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cached, withLock, writeAtomic } from "./cached.ts";
import { judgeHolder, thisHolder } from "./holder.ts";
import { repoRoot } from "../paths.ts";

let dir: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-cache-"));
  vi.stubEnv("LATHE_CACHE", dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

/** Another process that holds a lock, or is in the middle of a build, and stays there. */
async function holder(body: string): Promise<ChildProcess> {
  const module = JSON.stringify(join(repoRoot, "lib/cache/cached.ts"));
  const source = `const { cached, withLock } = await import(${module});
    const stay = () => { console.log("here"); return new Promise(() => setInterval(() => {}, 1000)); };
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  return child;
}
const ended = (child: ChildProcess) => new Promise((resolve) => child.once("exit", resolve));

/** The word of a holder in another place: a container, or a machine that shares the disk. */
const elsewhere = thisHolder().replace(/^[0-9a-f]+/, "0123456789ab");

describe("a holder", () => {
  it("is judged by its place, its number and when it began", () => {
    const [place, pid, began] = thisHolder().split("-");
    expect(judgeHolder(thisHolder())).toEqual({ pid: process.pid, gone: false });
    expect(judgeHolder(`${place}-${pid}-${Number(began) + 1}`)).toEqual({ pid: process.pid, gone: true });
    expect(judgeHolder(`${place}-999999999-1`)).toEqual({ pid: 999999999, gone: true });
    for (const text of [elsewhere, "", String(process.pid), "x".repeat(10_000)])
      expect(judgeHolder(text)).toBeUndefined();
  });
});

describe("a lock", () => {
  it("is taken over at once from a process that was killed, and from one whose number another has now", async () => {
    const lock = join(dir, "x.lock");
    const child = await holder(`await withLock(${JSON.stringify(lock)}, stay)`);
    child.kill("SIGKILL");
    await ended(child);
    expect(await withLock(lock, () => Promise.resolve("mine"))).toBe("mine");
    writeFileSync(lock, `${thisHolder().replace(/\d+$/, "1")} 00\n`);
    expect(await withLock(lock, () => Promise.resolve("mine"))).toBe("mine");
    expect(readdirSync(dir)).toEqual([]);
  });

  it("that is there and cannot be read is a fault, not waited for without end", async () => {
    const lock = join(dir, "x.lock");
    mkdirSync(lock);
    await expect(withLock(lock, () => Promise.resolve())).rejects.toThrow("EISDIR");
  });

  it("of a process that sleeps is waited for, however long nobody has touched it", async () => {
    const lock = join(dir, "x.lock");
    const child = await holder(`await withLock(${JSON.stringify(lock)}, stay)`);
    child.kill("SIGSTOP");
    utimesSync(lock, 1, 1);
    const waiting = new Promise((resolve) => {
      void withLock(lock, () => Promise.resolve(), resolve).catch(() => {});
    });
    expect(await waiting).toBe(String(child.pid));
    expect(readFileSync(lock, "utf8")).toContain(`-${child.pid}-`);
  });

  it("of another container or machine is waited for, and taken over after a long silence", async () => {
    const lock = join(dir, "x.lock");
    writeFileSync(lock, `${elsewhere} 00\n`);
    let now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now);
    let said = "";
    let mine = false;
    const taken = withLock(
      lock,
      () => Promise.resolve(void (mine = true)),
      (who) => (said = who),
    );
    await vi.waitUntil(() => said !== "");
    expect(said).toBe("of another machine or container");
    now += 120_000;
    // Touched: its holder is there.
    utimesSync(lock, new Date(), new Date(Date.now() + 1000));
    await new Promise((resolve) => setTimeout(resolve, 700));
    now += 120_000;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(mine).toBe(false);
    // Silence from here on, however seldom it is looked at.
    await vi.waitUntil(() => (now += 60_000) > 0 && mine);
    await taken;
  });

  it("that was taken away from its holder is not removed by it", async () => {
    const lock = join(dir, "x.lock");
    await withLock(lock, () => Promise.resolve(writeFileSync(lock, `${elsewhere} 00\n`)));
    expect(readFileSync(lock, "utf8")).toBe(`${elsewhere} 00\n`);
  });

  it("lets one waiter at a time take over from a killed holder, however many there are", async () => {
    const folder = join(dir, "locks");
    mkdirSync(folder);
    const lock = join(folder, "x.lock");
    writeFileSync(lock, `${thisHolder().replace(/-\d+-/, "-999999999-")} 00\n`);
    let inside = 0;
    let most = 0;
    const body = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(lock, body)));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("what is not finished", () => {
  const DAY_MS = 24 * 3_600_000;
  /** Makes a file or folder that was touched so many days ago. */
  const made = (name: string, days: number, folder = false) => {
    const path = join(dir, "k", name);
    mkdirSync(join(path, ".."), { recursive: true });
    if (folder) mkdirSync(path);
    else writeFileSync(path, "");
    const at = (Date.now() - days * DAY_MS) / 1000;
    utimesSync(path, at, at);
  };
  const gone = thisHolder().replace(/-\d+-/, "-999999999-");
  const left = () => readdirSync(join(dir, "k")).sort();

  it("is swept out of a shared cache a day after another machine, or this one before it booted, has last touched it", async () => {
    for (const name of [`b.partial.${elsewhere}`, `c.json.${elsewhere}.0123abcd.tmp`, `d.part.${elsewhere}`])
      made(name, 2);
    made(`e.json.${gone}.0123abcd.tmp`, 2);
    const [young, mine, entry] = [`f.partial.${elsewhere}`, `g.partial.${thisHolder()}`, "h.tmp"];
    made(young, 0.9, true);
    made(mine, 2, true);
    made(entry, 2);
    await cached("k", "a", () => Promise.resolve());
    expect(left()).toEqual(["a", young, mine, entry].sort());
  });

  it("is kept where something in it was touched since, or its process still touches its lock", async () => {
    const [busy, locked] = [`b.partial.${elsewhere}`, `c.partial.${elsewhere}`];
    for (const name of [busy, locked]) made(name, 2, true);
    made(`${busy}/deep/file`, 0);
    for (const name of [`${busy}/deep`, busy]) utimesSync(join(dir, "k", name), 1, 1);
    writeFileSync(join(dir, "k", "c.lock"), `${elsewhere} 00\n`);
    await cached("k", "a", () => Promise.resolve());
    expect(left()).toEqual(["a", busy, "c.lock", locked].sort());
    // The lock is another's now: the first one was gone.
    writeFileSync(join(dir, "k", "c.lock"), `${thisHolder()} 00\n`);
    await cached("k", "d", () => Promise.resolve());
    expect(left()).not.toContain(locked);
  });

  it("beside a file that is written whole is removed with the next writing, and nothing else is", async () => {
    const mine = `note.json.${thisHolder()}.0123abcd.tmp`;
    const [young, other] = [`note.json.${elsewhere}.0123abcd.tmp`, `note.json.bak.${gone}.0123abcd.tmp`];
    for (const name of [`note.json.${gone}.0123abcd.tmp`, mine, young, other]) made(name, 0);
    made(`note.json.${elsewhere}.4567abcd.tmp`, 2);
    await writeAtomic(join(dir, "k", "note.json"), "{}");
    expect(left()).toEqual(["note.json", mine, young, other].sort());
  });
});

describe("the cache", () => {
  it("builds an entry once, whoever asks and however many ask at a time", async () => {
    let builds = 0;
    const build = async (into: string) => {
      builds += 1;
      await new Promise((resolve) => setTimeout(resolve, 30));
      writeFileSync(join(into, "file"), "made");
    };
    const paths = await Promise.all([cached("k", "a", build), cached("k", "a", build), cached("k", "a", build)]);
    expect(new Set(paths).size).toBe(1);
    expect(readFileSync(join(paths[0] ?? "", "file"), "utf8")).toBe("made");
    expect(builds).toBe(1);
    expect(readdirSync(join(dir, "k"))).toEqual(["a"]);
  });

  it("keeps nothing of a build that failed, and builds again", async () => {
    await expect(cached("k", "b", () => Promise.reject(new Error("no disk")))).rejects.toThrow("no disk");
    expect(readdirSync(join(dir, "k"))).toEqual([]);
    await cached("k", "b", () => Promise.resolve());
    expect(existsSync(join(dir, "k", "b"))).toBe(true);
  });

  it("removes what a killed build has left", async () => {
    const child = await holder(`await cached("k", "a", stay)`);
    child.kill("SIGKILL");
    await ended(child);
    expect(readdirSync(join(dir, "k"))).toHaveLength(2);
    await cached("k", "a", () => Promise.resolve());
    expect(readdirSync(join(dir, "k"))).toEqual(["a"]);
  });

  it("never shows half of an entry where a builder elsewhere lost its lock and goes on", async () => {
    const other = join(dir, "k", `a.partial.${elsewhere}`);
    const path = await cached("k", "a", (into) => {
      // Meanwhile the other builder, which shares the disk, writes into its own folder, and is the first to finish.
      mkdirSync(other, { recursive: true });
      writeFileSync(join(into, "ours"), "");
      mkdirSync(join(dir, "k", "a"));
      writeFileSync(join(dir, "k", "a", "theirs"), "");
      return Promise.resolve();
    });
    expect(readdirSync(path)).toEqual(["theirs"]);
    expect(readdirSync(join(dir, "k")).sort()).toEqual(["a", `a.partial.${elsewhere}`]);
  });
});
