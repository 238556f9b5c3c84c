import { join, resolve } from "node:path";
import { exists } from "../../lib/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { listRuns } from "../run/session.ts";

/**
 * The folder of the run that a person names: its id among the runs, or a path as the shell completes it (`runs/ID`).
 *
 * @param root folder where runs are kept
 * @param named undefined: the newest run
 * @param cwd where the person is
 * @returns a path; where there is no run by that name, the one it would have among the runs
 * @throws UserError where none is named and there are no runs
 */
export async function runDir(root: string, named: string | undefined, cwd: string): Promise<string> {
  const name = named ?? (await listRuns(root)).at(-1);
  if (name === undefined) throw new UserError({ what: `${root}: no runs yet`, fix: "npm run bench" });
  const among = resolve(root, name);
  if (await exists(join(among, "run.json"))) return among;
  const here = resolve(cwd, name);
  return (await exists(join(here, "run.json"))) ? here : among;
}
