import { prepareModel } from "../../../models/index.ts";
import { UserError } from "../../../lib/errors.ts";
import { progress } from "../../../lib/progress.ts";
import { runOn } from "../../hosts/run.ts";
import { deliver, undeliver } from "../deliver.ts";
import { DeliverSpec } from "../specs.ts";
import { resourceMain } from "./main.ts";

await resourceMain(DeliverSpec, async (action, spec) => {
  if (action === "delete") {
    await undeliver(spec);
    return undefined;
  }
  const { archive, sha256 } = await prepareModel(spec.catalogueName, progress());
  if (sha256 !== spec.sha256) {
    throw new UserError({
      what: `model ${spec.model}: the cache holds archive ${sha256}, the plan says ${spec.sha256}`,
      fix: "run `pulumi up` again: the catalogue or the cache changed under it",
    });
  }
  const outcome = await deliver(spec, archive);
  // A server that has loaded a version does not look at its files again: other content under the same number needs a
  // restart. On the way to a first server there is no container yet.
  if (outcome === "replaced") await runOn(spec.target, ["docker", "restart", spec.container]);
  return undefined;
});
