import { rename } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { repoRoot } from "../paths.ts";
import type { Progress } from "../progress.ts";
import { tryRun } from "../run.ts";
import { keptArchive, memberFiles, noteBytes, type Member } from "./members.ts";

const FETCH = join(repoRoot, "lib", "registry", "pip-fetch.py");

/** Files inside one archive of an exact version of a Python package. */
export interface PypiSource {
  readonly package: string;
  readonly version: string;
  readonly archive: "wheel" | "sdist";
  /** The archive's own name, where several wheels exist and one is meant. */
  readonly filename?: string | undefined;
}

/**
 * The paths of the members of one archive, fetched and checked once and then kept in the cache. pip itself finds the archive,
 * with the machine's own index, proxy and certificates, and checks what the index promised; none of the package's code runs.
 *
 * @throws UserError where the index has no such archive, or a member's SHA-256 is another
 */
export async function pypiFiles(
  source: PypiSource,
  members: readonly Member[],
  progress: Progress,
): Promise<readonly string[]> {
  const { package: name, version, archive, filename = "" } = source;
  const title = `${name} ${version}`;
  return memberFiles(members, `${title} (${archive})`, archive === "sdist", () =>
    keptArchive(`pypi-${name}-${version}-${filename || archive}`, async (path) => {
      progress.note(`looking up ${title}`);
      const part = `${path}.part`;
      const onBytes = noteBytes(progress, title);
      const result = await tryRun(["python3", FETCH, name, version, archive, filename, part], {
        onLine: (line) => {
          const [, done, total] = /^(\d+) (\d*)$/.exec(line) ?? [];
          if (done !== undefined) onBytes(Number(done), Number(total) || undefined);
        },
      });
      if (result.exitCode === 0) return rename(part, path);
      throw new UserError({
        what: `cannot fetch ${title}: ${result.stderr.trim().split("\n").slice(-3).join("\n")}`,
        fix: "pip config list, and check that the index (or mirror) carries this version; python3 and python3-pip must be there",
      });
    }),
  );
}
