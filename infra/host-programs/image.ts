import { z } from "zod";
import { BULK_MS } from "../deadlines.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { Owned } from "../ownership/spec.ts";
import { ImageKey } from "../images/advice.ts";
import { PULLING, pull } from "./pull.ts";
import { resourceProgram } from "./program.ts";

/*
 * Whose an image on a host is. Docker's provider would remove an image with the stack that pulled it, or fail where a
 * container of another stack uses it, and knows nothing of images that were there before. So it keeps them all, and this
 * decides: `~/.lathe/images/DIGEST` says that Lathe pulled an image; the last stack that uses it removes both.
 */

const ImageSpec = Owned.omit({ id: true }).extend({
  /** With its digest. */
  reference: z.string().regex(/@sha256:[0-9a-f]{64}$/),
  key: ImageKey,
});

/** Claims an image before it is pulled, and pulls it where it is not there. */
const CLAIM = `
mark=$HOME/.lathe/images/$2
there=; if docker image inspect "$1" >/dev/null 2>&1; then there=there; fi
if [ -e "$mark" ] || [ -z "$there" ]; then
  mkdir -p "\${mark%/*}"
  printf '%s\\n' "$1" > "$mark"
fi
[ -z "$there" ] || exit 0
echo ${PULLING}
exec docker pull --quiet "$1"
`;

/** After a pull that failed: nothing is there to be removed on destroy, and no resource that would. */
const FORGET = `
mark=$HOME/.lathe/images/$2
docker image inspect "$1" >/dev/null 2>&1 || rm -f "$mark"
rmdir "\${mark%/*}" "$HOME/.lathe" 2>/dev/null || true
`;

/**
 * Docker itself knows whether a container, running or not, uses an image: without force it refuses. Another stack that goes at
 * the same time may have removed it first.
 */
const RELEASE = `
mark=$HOME/.lathe/images/$2
[ -e "$mark" ] || exit 0
if docker image inspect "$1" >/dev/null 2>&1; then
  said=$(docker rmi "$1" 2>&1) || case $said in
    *"is using its referenced image"*|*"is being used by"*) exit 0 ;;
    *"No such image"*) ;;
    *) printf '%s\\n' "$said" >&2; exit 1 ;;
  esac
fi
rm -f "$mark"
rmdir "\${mark%/*}" "$HOME/.lathe" 2>/dev/null || true
`;

export const program = resourceProgram(
  ImageSpec,
  async (action, { target, reference, key }) => {
    const [, digest = ""] = reference.split("@sha256:");
    const words = (text: string) => script(text, reference, digest);
    const run = (text: string, doing: string) => mustRunOn(target, words(text), doing, { timeoutMs: BULK_MS });
    if (action === "delete") return void (await run(RELEASE, "remove the image"));
    await pull(target, reference, key, words(CLAIM)).catch(async (error: unknown) => {
      // What the pull said is what counts.
      await run(FORGET, "forget the image").catch(() => {});
      throw error;
    });
  },
  ({ reference }) => `image ${reference}, its mark in ~/.lathe/images`,
);
