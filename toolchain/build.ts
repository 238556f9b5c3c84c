import { join } from "node:path";
import { readFile, rename } from "node:fs/promises";
import { constants } from "node:os";
import { cached } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { cacheDir, repoRoot } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { type RunResult, tryRun } from "../lib/run.ts";
import { onSignals } from "../lib/signals.ts";
import { buildKey, goArch, readSources } from "./key.ts";
import type { Program } from "./programs.ts";

const KIND = "toolchain";

/** Where the program is after it has been built from today's sources. */
export async function builtPath(program: Program): Promise<string> {
  return join(cacheDir(KIND, await keyOf(program)), program.name);
}

/** Builds a program from Go modules, once. @throws UserError if Go is missing or too old, or the build fails */
export async function build(program: Program, progress: Progress): Promise<string> {
  const folder = sourceFolder(program);
  const dir = await cached(
    KIND,
    await keyOf(program),
    (out) => goBuild(program, folder, join(out, program.name), progress),
    (pid) => progress.note(`another process (${pid}) is building it`, true),
  );
  return join(dir, program.name);
}

async function goBuild(program: Program, folder: string, out: string, progress: Progress): Promise<void> {
  const { goPackage, tags = [], versionVariable, builtVersion } = program.recipe;
  // A name of this process's own: if a build is killed, its compiler may go on, and must not write into the next one's file.
  const unfinished = `${out}.${process.pid}`;
  const argv = [
    // -mod=readonly: go.mod and go.sum are committed, and a build that would change them must fail.
    ...["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-v", `-tags=${tags.join(",")}`],
    ...[`-ldflags=-s -w -X ${versionVariable}=${builtVersion}`, "-o", unfinished, goPackage],
  ];
  let downloaded = 0;
  let compiled = 0;
  const result = await withoutOrphan((signal) =>
    tryRun(["go", ...argv], {
      cwd: folder,
      // The user's own GOPROXY, GOFLAGS and so on stay in force. There is no C code, so no C compiler is needed. Go 1.21 and
      // newer fetch the version that go.mod asks for.
      env: { ...process.env, GOTOOLCHAIN: "auto", GOWORK: "off", CGO_ENABLED: "0" },
      signal,
      onLine: (line) => {
        if (line.startsWith("go: downloading")) downloaded += 1;
        else compiled += 1;
        progress.note(compiled > 0 ? `${compiled} packages compiled` : `${downloaded} modules fetched`);
      },
    }),
  );
  if (result.exitCode === 0) return rename(unfinished, out);
  const needed = neededGo(await readFile(join(folder, "go.mod"), "utf8"));
  throw buildFault(program.name, needed, result);
}

/** Why a build failed, by what Go printed. Pure. */
export function buildFault(name: string, needed: string, { exitCode, stderr }: RunResult): UserError {
  const said = stderr.split("\n").filter(isComplaint).slice(-12).join("\n");
  // Before 1.21, Go could not even read the version in go.mod.
  if (exitCode === 127 || /invalid go version|requires go|go: download go\d/.test(stderr))
    return new UserError({
      what: `${name} is not on this machine and cannot be built:\n${said}`,
      expected: `Go ${needed} or newer (or 1.21 and newer, with a module proxy that has Go's own toolchains)`,
      fix:
        "install Go (https://go.dev/doc/install; the golang package of Debian 12 is too old), " +
        "or install Pulumi (https://www.pulumi.com/docs/install), then try again",
    });
  return new UserError({
    what: `${name} could not be built from Go modules:\n${said}`,
    expected: "every module of toolchain/*/go.sum can be fetched through the GOPROXY of this machine",
    fix: "go env GOPROXY GOFLAGS GONOSUMDB   # then: npx lathe toolchain build --verbose",
  });
}

/** If a signal ends this process, aborts what `body` runs: otherwise a compiler would go on and use the machine's CPUs. */
function withoutOrphan<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const stop = onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    gone.abort();
    process.exit(128 + constants.signals[signal]);
  });
  return body(gone.signal).finally(stop);
}

/** Whether a line of `go build -v` says what is wrong: the other lines name packages and downloads. */
function isComplaint(line: string): boolean {
  return line.trim() !== "" && !line.startsWith("go: downloading") && !/^[\w.~-]+(\/[\w.~-]+)*$/.test(line);
}

/** The `go` line of a go.mod file. */
export function neededGo(goMod: string): string {
  const match = /^go\s+(\d+(?:\.\d+)+)\s*$/m.exec(goMod);
  if (match?.[1] === undefined) throw new Error("go.mod has no go line");
  return match[1];
}

function sourceFolder(program: Program): string {
  return join(repoRoot, "toolchain", program.recipe.folder);
}

async function keyOf(program: Program): Promise<string> {
  // Programs are built for this machine, whatever GOOS and GOARCH of the environment say.
  return buildKey(program, await readSources(sourceFolder(program)), process.platform, goArch(process.arch));
}
