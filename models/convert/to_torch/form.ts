import { join } from "node:path";
import { repoRoot } from "../../../lib/paths.ts";
import { run } from "../../../lib/run.ts";
import type { ModelForm } from "../../forms/form.ts";
import { pythonEnv } from "../../python.ts";

/**
 * The form `torch`: a model folder of TorchServe, with manifest, handler, the model in PyTorch, and its weights, which TensorFlow
 * takes out of the SavedModel (models/convert/to_torch).
 */
export const torchForm: ModelForm = {
  name: "torch",
  async make(entry, savedModel, out, progress) {
    const { python } = await pythonEnv(progress);
    progress.note("taking its weights out for PyTorch");
    const kind = entry.isNull ? "null" : "ssd";
    await run([python, "-B", "-m", "convert.to_torch", kind, entry.name, savedModel, out], {
      cwd: join(repoRoot, "models"),
      what: `converting ${entry.name} for PyTorch`,
      fix: "this is a fault in models/convert/to_torch: it reads SSDs of the TF Object Detection API whose batch norm is frozen",
    });
  },
};
