import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import type { Progress } from "../../lib/progress.ts";
import { run } from "../run.ts";

const PACKAGE_OF: Readonly<Record<string, string>> = {
  ...{ ip: "iproute2", tc: "iproute2", unshare: "util-linux", nsenter: "util-linux" },
  ...{ ssh: "openssh-client", "ssh-keygen": "openssh-client" },
};

/** The Debian packages of programs, each once, sorted. */
export function packagesFor(programs: readonly string[]): string[] {
  return [...new Set(programs.map((p) => PACKAGE_OF[p] ?? p))].sort();
}

/** Installs the Debian packages of programs that are missing. @throws UserError with the command if it may not */
export async function needPrograms(programs: readonly string[], progress: Progress): Promise<void> {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length === 0) return;
  const packages = packagesFor(missing);
  const fix = `apt-get update && apt-get install -y ${packages.join(" ")}`;
  if (process.getuid?.() !== 0)
    throw new UserError({ what: `missing here: ${missing.join(", ")}`, fix: `sudo sh -c '${fix}'` });
  progress.step(`installing ${packages.join(", ")} on this machine with apt-get (missing: ${missing.join(", ")})`, 15);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run(["apt-get", "update", "-q"], { env, fix });
  await run(["apt-get", "install", "-y", "-q", "--no-install-recommends", ...packages], { env, fix });
  progress.done();
}

/** @throws UserError if this user may not make namespaces */
export function needRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new UserError({
    what: "the lab makes namespaces, mounts and cgroups, and this user may not do that",
    expected: "root",
    fix: "run it as root: sudo npx lathe lab up",
  });
}

/** Whether a program is on PATH or in the folders for administrators' programs. */
export function onPath(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}
