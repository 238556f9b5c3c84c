import { join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";
import { run } from "../../lib/run.ts";
import type { ModelForm } from "./form.ts";
import { addOn, pythonEnv } from "../python.ts";

/** OpenVINO, in the version that converts. */
export const openvinoRequirements = join(repoRoot, "models", "python", "openvino.txt");

/**
 * OpenVINO's own files (`model.xml`, `model.bin`) with float32 weights: pixels in as `inputs`, detections out under their own names.
 * A JPEG cannot be decoded in it. A model whose suppression is one operation (R-FCN) takes one image at a time.
 */
export const openvinoIr: ModelForm = {
  name: "openvino-ir",
  signatures: ["serving_default"],
  make: async (entry, savedModel, out, progress) => {
    const { python } = await pythonEnv(progress);
    const packages = await addOn("openvino", openvinoRequirements, progress);
    await run([python, "-B", "-m", "convert.to_openvino", savedModel, entry.name, out], {
      cwd: join(repoRoot, "models"),
      // Above the environment's own packages: these are read where both have one.
      env: { ...process.env, PYTHONPATH: packages },
      what: `converting ${entry.name} for OpenVINO`,
      fix: "this is a fault in models/convert/to_openvino.py, or of the packages in models/python/openvino.txt",
    });
  },
};
