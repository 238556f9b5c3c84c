import type { Progress } from "../lib/progress.ts";
import type { ImageSource } from "./images.ts";
import { type KindImage, imageOf } from "./kind-image.ts";
import { openvinoStandIn } from "./openvino/image.ts";
import { tfServingStandIn } from "./tf-serving/image.ts";
import { torchServeImage } from "./torchserve/image.ts";
import { tritonImage } from "./triton/image.ts";
import { webImages } from "./web/images.ts";

/** Every image that the lab makes for a server kind. A new one is a folder here and a line below. */
const KIND_IMAGES: readonly KindImage[] = [
  tfServingStandIn,
  tritonImage,
  openvinoStandIn,
  torchServeImage,
  ...webImages,
];

/** Makes the lab's image for a server kind, or finds it in the cache; undefined where the lab has none. Needs to be root. */
export async function kindImage(kind: string, progress: Progress): Promise<ImageSource | undefined> {
  const found = KIND_IMAGES.find((image) => image.kind === kind);
  return found === undefined ? undefined : imageOf(found, progress);
}
