import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ownName } from "../cache/unfinished.ts";
import type { Progress } from "../progress.ts";
import { run } from "../run.ts";
import { keptArchive, memberFiles, type Member } from "./members.ts";

/**
 * Files inside an npm package, kept in the cache. npm itself fetches it (`npm pack`) and checks it; none of its scripts runs.
 *
 * @throws UserError if npm cannot fetch it, or a member's SHA-256 is another
 */
export async function npmFiles(
  source: { readonly package: string; readonly version: string },
  members: readonly Member[],
  progress: Progress,
): Promise<readonly string[]> {
  const spec = `${source.package}@${source.version}`;
  return memberFiles(members, spec, true, () =>
    keptArchive(`npm-${source.package}-${source.version}`, async (path) => {
      progress.note(`npm pack ${spec}`);
      const out = ownName(`${path}.pack`);
      await mkdir(out, { recursive: true });
      const printed = await run(["npm", "pack", spec, "--ignore-scripts", "--json", "--pack-destination", out], {
        cwd: out,
        what: `npm pack ${spec}`,
        fix: "check `npm config get registry` and the connection, then run it again",
      });
      const [packed] = JSON.parse(printed) as [{ filename: string }];
      await rename(join(out, packed.filename.replace(/^@/, "").replaceAll("/", "-")), path);
      await rm(out, { recursive: true, force: true });
    }),
  );
}
