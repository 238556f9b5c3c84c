import { UserError } from "../../lib/errors.ts";
import { progress } from "../../lib/progress.ts";
import type { SshTarget } from "../hosts/target.ts";
import { imageFault, type ImageKey } from "./advice.ts";
import { byDigest, isByDigest, keepDigests, LOCK_FILE, readLock, withTag } from "./lock.ts";
import { askRegistry } from "./registry.ts";

/** Where an image is wanted. */
export interface Wanting {
  readonly target: SshTarget | null;
  /** The folder with Pulumi.yaml: what tags stand for is kept there. */
  readonly projectDir: string;
  /** A preview keeps nothing. */
  readonly preview: boolean;
  /** Whether the machine has an engine: only a preview comes before it. */
  readonly hasEngine: boolean;
}

/**
 * The reference with its digest of an image that a stack is to have: as it is where it has one, else as it is kept, else as its
 * registry says now. That is then kept, and the person is told. Without an engine a tag stays what it is: nobody can ask.
 *
 * @throws UserError if the machine's engine does not learn what the tag stands for
 */
export async function resolveImage(wanting: Wanting, reference: string, key: ImageKey): Promise<string> {
  const { target, projectDir, preview, hasEngine } = wanting;
  if (isByDigest(reference)) return reference;
  const tagged = withTag(reference);
  const kept = (await readLock(projectDir))[tagged];
  if (kept !== undefined) return byDigest(tagged, kept);
  if (!hasEngine) return reference;
  const say = progress();
  say.step(`image ${tagged}: asking its registry which one that is`, 3);
  try {
    const digest = await digestOf(target, tagged, key);
    if (preview) return byDigest(tagged, digest);
    // Another stack may have been faster: what it kept holds for all.
    const now = (await keepDigests(projectDir, { [tagged]: digest }))[tagged] ?? digest;
    say.done(`${now} from now on (${LOCK_FILE}; npx lathe images moves it)`);
    return byDigest(tagged, now);
  } finally {
    say.done();
  }
}

/** The digest that a tag stands for now, as the machine's engine learns it. @throws UserError if it does not */
export async function digestOf(target: SshTarget | null, reference: string, key: ImageKey): Promise<string> {
  const asked = await askRegistry(target, reference);
  if (asked.ok) return asked.image.digest;
  throw new UserError(
    imageFault({ target, reference, key, said: asked.said }) ?? {
      what: `image ${reference}: its registry does not say its digest (${asked.said})`,
      expected: "an image that can be pulled, best named by its digest",
      fix: `npx lathe pulumi config set lathe:${key} NAME@sha256:…`,
    },
  );
}
