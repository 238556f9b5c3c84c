import { findLab, type Lab, labDown, labUp } from "../lab/index.ts";
import type { Values } from "../lib/cli/spec.ts";
import { say } from "../lib/output.ts";
import type { Progress } from "../lib/progress.ts";
import type { OPTIONS } from "./options.ts";
import { markUnfinished, readUnfinished, type Unfinished } from "./unfinished.ts";

/** The lab of a demo. */
export interface DemoLab {
  readonly lab: Lab;
  /** It was up before the demo, and stays up after it. */
  readonly wasUp: boolean;
  /** What a demo left that did not finish. */
  readonly earlier: Unfinished | undefined;
}

/** Brings a demo's lab up, or finds it up. A lab that an unfinished demo made is taken down first. `dir`: the lab's folder. */
export async function demoLab(name: string, dir: string, steps: Progress): Promise<DemoLab> {
  const earlier = await readUnfinished(dir);
  if (earlier?.ownLab === true) {
    say("An earlier demo did not finish. The lab that it made is taken down first.");
    await labDown(name, steps);
  }
  const wasUp = (await findLab(name)) !== undefined;
  const lab = await labUp({ name }, steps);
  await markUnfinished(dir, { ownLab: !wasUp, before: earlier?.before ?? [] });
  return { lab, wasUp, earlier };
}

/** The options of a demo that the bench takes as they are. Pure. */
export function handedOn({ images, json, full }: Values<typeof OPTIONS>): string[] {
  return [
    ...(images === undefined ? [] : ["--images", images.join(",")]),
    ...(json === true ? ["--json"] : []),
    ...(full === true ? ["--full"] : []),
  ];
}
