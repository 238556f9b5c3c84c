import type { StandIn } from "./images.ts";
import { tfServingStandIn } from "./tf-serving/image.ts";

/** Every stand-in there is. A new one is a folder here and a line below. */
const STAND_INS: readonly StandIn[] = [tfServingStandIn];

/** What stands in for a server kind; undefined where nothing does. */
export function standInFor(kind: string): StandIn | undefined {
  return STAND_INS.find((standIn) => standIn.kind === kind);
}
