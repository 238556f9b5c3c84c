import type { Progress } from "../lib/progress.ts";
import type { ImageSource } from "./images.ts";

/** The label by which an image says that it stands in for another program, and for which. */
const STAND_IN_LABEL = "org.lathe.stand-in";
/** The label with a sentence on the image that stands wherever its numbers do. */
const NOTE_LABEL = "org.lathe.note";

/** An image that the lab makes for a server kind, whose own image cannot be pulled there. */
export interface KindImage {
  /** Server kind. */
  readonly kind: string;
  /** The program that it stands in for; absent where it has the kind's real program. */
  readonly standsFor?: string;
  /** What a reader must know of the program beside its numbers, in one sentence; absent: nothing. */
  readonly note?: string;
  /** Makes its layers, or finds them in the cache. Needs to be root. */
  readonly make: (progress: Progress) => Promise<Pick<ImageSource, "layers" | "config">>;
}

/** A kind's image, which says by its name and labels what it is. Needs to be root. */
export async function imageOf({ kind, standsFor, note, make }: KindImage, progress: Progress): Promise<ImageSource> {
  const { layers, config } = await make(progress);
  const labels = {
    ...config.labels,
    ...(standsFor === undefined ? {} : { [STAND_IN_LABEL]: standsFor }),
    ...(note === undefined ? {} : { [NOTE_LABEL]: note }),
  };
  const name = `lathe/${kind}${standsFor === undefined ? "" : "-stand-in"}`;
  return { name, tag: "lab", layers, config: { ...config, labels } };
}
