import { prepareSource } from "../models/artifacts.ts";
import { UserError } from "../../lib/errors.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { deliver, undeliver } from "../models/deliver.ts";
import { DeliverSpec } from "../models/spec.ts";
import { serverKind } from "../servers/registry.ts";
import { resourceProgram } from "./program.ts";

/** A restart that failed would leave the old content served, and the gate would pass it. */
const RESTART = `
said=$(docker restart "$1" 2>&1) || case $said in
  *"No such container"*) ;;
  *) printf '%s\\n' "$said" >&2; exit 1 ;;
esac
`;

const READ = `cat "$1/models/$2" 2>/dev/null || true`;

export const program = resourceProgram(
  DeliverSpec,
  async (action, spec, say) => {
    if (action === "delete") return undeliver(spec);
    const { archive, sha256 } = await prepareSource(spec.source, spec.form, say);
    if (sha256 !== spec.sha256) {
      throw new UserError({
        what: `model ${spec.model}: the cache holds archive ${sha256}, the plan says ${spec.sha256}`,
        fix: "run `npx lathe up` again: the catalogue or the cache changed under it",
      });
    }
    // A server that has loaded a version does not look at its files again: other content under the same number needs a
    // restart. On the way to a first server there is no container yet.
    if ((await deliver(spec, archive)) === "replaced" && (await mayBeLoaded(spec)))
      await mustRunOn(spec.target, script(RESTART, spec.container), `restart container ${spec.container}`);
  },
  ({ workspace, model, version }) => `model ${model} version ${version} in ${workspace}`,
);

/** Whether the server may have loaded the version: not where its kind keeps what it serves, and this never came to be served. */
async function mayBeLoaded({ target, workspace, kind, model, version }: DeliverSpec): Promise<boolean> {
  const { state } = serverKind(kind).gate;
  if (state === undefined) return true;
  const text = await mustRunOn(target, script(READ, workspace, state.file), "read which models are served");
  return !state.isProven(text) || state.serves(text, model, version);
}
