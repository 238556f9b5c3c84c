import { prepareSource } from "../models/artifacts.ts";
import { UserError } from "../../lib/errors.ts";
import { mustRunOn, script } from "../hosts/remote.ts";
import { deliver, undeliver } from "../models/deliver.ts";
import { heldOn } from "../servers/tf-serving/rollout.ts";
import { isServed } from "../servers/tf-serving/models-config.ts";
import { DeliverSpec } from "./specs.ts";
import { resourceProgram } from "./program.ts";

/** A restart that failed would leave the old content served, and the gate would pass it. */
const RESTART = `
said=$(docker restart "$1" 2>&1) || case $said in
  *"No such container"*) ;;
  *) printf '%s\\n' "$said" >&2; exit 1 ;;
esac
`;

export const program = resourceProgram(
  DeliverSpec,
  async (action, spec, say) => {
    if (action === "delete") {
      await undeliver(spec);
      return undefined;
    }
    const { archive, sha256 } = await prepareSource(spec.source, say);
    if (sha256 !== spec.sha256) {
      throw new UserError({
        what: `model ${spec.model}: the cache holds archive ${sha256}, the plan says ${spec.sha256}`,
        fix: "run `pulumi up` again: the catalogue or the cache changed under it",
      });
    }
    const outcome = await deliver(spec, archive);
    // A server that has loaded a version does not look at its files again: other content under the same number needs a
    // restart. On the way to a first server there is no container yet; a version that never came to be served is no reason.
    if (outcome !== "replaced") return undefined;
    const held = await heldOn(spec.target, spec.workspace);
    if (held?.proven === true && !isServed(held.models, spec.model, spec.version)) return undefined;
    await mustRunOn(spec.target, script(RESTART, spec.container), `restart container ${spec.container}`);
    return undefined;
  },
  ({ workspace, model, version }) => `model ${model} version ${version} in ${workspace}`,
);
