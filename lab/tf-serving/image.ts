import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { requirementsFile } from "../../models/python.ts";
import type { Progress } from "../../lib/progress.ts";
import type { ImageSource, Layer } from "../images.ts";
import type { KindImage } from "../kind-image.ts";
import { ownLayer } from "../layers/own.ts";
import { selectRequirements } from "../layers/requirements.ts";
import type { Wheels } from "../layers/wheels.ts";
import { RUNTIME_ENV, tensorflowLayers } from "../tensorflow/layers.ts";

/** The official stubs, the server's gRPC and its JSON. */
export const SERVER_PACKAGES: readonly string[] = [
  ...["grpcio", "pysimdjson", "tensorflow-serving-api", "typing-extensions"],
];

/** How the stand-in's image starts; the variables and their defaults are the Intel image's. */
const config: ImageSource["config"] = {
  entrypoint: ["/usr/bin/tf_serving_entrypoint.sh"],
  env: {
    MODEL_BASE_PATH: "/models",
    MODEL_NAME: "model",
    TENSORFLOW_INTER_OP_PARALLELISM: "2",
    ...RUNTIME_ENV,
  },
  exposedPorts: ["8500/tcp", "8501/tcp"],
};

/** The front ends of the stand-in, which serve other runtimes too: a Python package. */
export const FRONT_ENDS = join(import.meta.dirname, "lathe_tfs");

/**
 * TensorFlow's layers with what the front ends need. Needs to be root.
 *
 * @param more wheels of a stand-in's own
 */
export async function frontEndLayers(progress: Progress, ...more: readonly Wheels[]): Promise<readonly Layer[]> {
  const requirements = selectRequirements(await readFile(requirementsFile, "utf8"), SERVER_PACKAGES);
  return tensorflowLayers(progress, { name: "tf-serving", requirements }, ...more);
}

const here = (name: string) => join(import.meta.dirname, name);

/** The stand-in itself under the real image's names, over what it needs. */
export const tfServingStandIn: KindImage = {
  kind: "tf-serving",
  standsFor: "tensorflow-serving",
  async make(progress) {
    const below = await frontEndLayers(progress);
    const own = await ownLayer(below, {
      name: "tf-serving-stand-in",
      packages: [FRONT_ENDS],
      programs: [here("tensorflow_model_server"), here("tf_serving_entrypoint.sh")],
      folders: ["models"],
    });
    return { layers: [...below, own], config };
  },
};
