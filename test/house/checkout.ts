import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { repoRoot } from "../../lib/paths.ts";
import { tryRun, type RunResult } from "../../lib/run.ts";

const execute = promisify(execFile);

/** A copy of the checkout, to which a test adds what somebody would add who builds on Lathe. */
export class Checkout {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Copies every file that git knows or would take; packages are those of this checkout. */
  static async copy(): Promise<Checkout> {
    const dir = await mkdtemp(join(tmpdir(), "lathe-house-"));
    const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const { stdout } = await execute("git", list, { cwd: repoRoot, maxBuffer: 2 ** 26 });
    for (const path of stdout.split("\0").filter((name) => name !== "")) {
      // A file that was taken away and is not yet out of git's index.
      if ((await stat(join(repoRoot, path)).catch(() => undefined))?.isFile() !== true) continue;
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await copyFile(join(repoRoot, path), join(dir, path));
    }
    await symlink(join(repoRoot, "node_modules"), join(dir, "node_modules"));
    return new Checkout(dir);
  }

  /**
   * Puts files of the tests at their place in the copy; their imports are made to lead where they led before.
   *
   * @param from a file or a folder, from the checkout
   * @param to its place in the copy
   */
  async put(from: string, to: string): Promise<void> {
    const source = join(repoRoot, from);
    if ((await stat(source)).isDirectory()) {
      for (const name of await readdir(source)) await this.put(join(from, name), join(to, name));
      return;
    }
    await mkdir(dirname(join(this.dir, to)), { recursive: true });
    await writeFile(join(this.dir, to), movedText(await readFile(source, "utf8"), from, to));
  }

  /**
   * One line of registration: adds an entry to the list of a registry.
   *
   * @param imported where the entry is imported from; absent: the entry says it all
   */
  async register(registry: string, list: string, entry: string, imported?: string): Promise<void> {
    const path = join(this.dir, registry);
    const text = await readFile(path, "utf8");
    await writeFile(path, withImport(withEntry(text, list, entry), entry, imported));
  }

  /** Runs a command of package.json, such as `bench`, as `npm run` would. */
  async npmRun(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const { scripts } = JSON.parse(await readFile(join(this.dir, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const [, ...script] = (scripts[name] ?? "").split(" ");
    return this.run([process.execPath, ...script, ...args], env);
  }

  /** Runs a program in the copy, with the packages' own programs. */
  run(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const path = `${join(this.dir, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
    return tryRun(argv, { cwd: this.dir, env: { ...process.env, PATH: path, INIT_CWD: this.dir, ...env } });
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}

/** The text of a module as it reads at another place. Pure. */
export function movedText(text: string, from: string, to: string): string {
  const [here, there] = [resolve("/", dirname(from)), resolve("/", dirname(to))];
  return text.replace(/(from ")(\.\.\/[^"]+)(")/g, (_whole, before: string, path: string, after: string) => {
    const moved = relative(there, resolve(here, path));
    return `${before}${moved.startsWith(".") ? moved : `./${moved}`}${after}`;
  });
}

/** A list in a module's text with one more entry at its end. Pure. */
export function withEntry(text: string, list: string, entry: string): string {
  const head = new RegExp(`const ${list}\\b[^=]*= \\[`).exec(text);
  if (head === null) throw new Error(`there is no list ${list}`);
  const start = head.index + head[0].length;
  let [depth, end] = [1, start];
  for (; depth > 0; end++) depth += { "[": 1, "]": -1 }[text[end] ?? ""] ?? 0;
  const entries = text.slice(start, end - 1).trimEnd();
  const comma = entries === "" || entries.endsWith(",") ? " " : ", ";
  return `${text.slice(0, start)}${entries}${comma}${entry}${text.slice(end - 1)}`;
}

function withImport(text: string, entry: string, imported: string | undefined): string {
  return imported === undefined ? text : `import { ${entry} } from "${imported}";\n${text}`;
}
