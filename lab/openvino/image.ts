import { glob, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { openvinoRequirements } from "../../models/forms/openvino-ir.ts";
import type { KindImage } from "../kind-image.ts";
import { ownLayer } from "../layers/own.ts";
import { FRONT_ENDS, frontEndLayers } from "../tf-serving/image.ts";

const here = (name: string) => join(import.meta.dirname, name);

/** OpenVINO's runtime for the processor, the other stand-in's front ends, and the stand-in itself under the real server's name. */
export const openvinoStandIn: KindImage = {
  kind: "openvino",
  standsFor: "openvino-model-server",
  async make(progress) {
    const requirements = await readFile(openvinoRequirements, "utf8");
    const below = await frontEndLayers(progress, { name: "openvino", requirements, trim, trimmed: "1" });
    const own = await ownLayer(below, {
      name: "openvino-stand-in",
      packages: [FRONT_ENDS, here("lathe_ov")],
      programs: [here("ovms")],
      folders: ["models"],
    });
    const config = {
      entrypoint: ["/usr/bin/ovms"],
      env: { LANG: "C.UTF-8" },
      exposedPorts: ["9000/tcp", "9001/tcp"],
    };
    return { layers: [...below, own], config };
  },
};

/** What reads models of other frameworks, and what runs them on other devices. */
const UNUSED = [
  "openvino/libs/libopenvino_{auto,hetero,intel_gpu,intel_npu,onnx,paddle,pytorch,tensorflow,jax}*",
  "openvino/{include,cmake}",
];

/** Leaves OpenVINO what runs models of its own form on the processor. */
async function trim(packages: string): Promise<void> {
  for await (const path of glob(UNUSED, { cwd: packages })) await rm(join(packages, path), { recursive: true });
}
