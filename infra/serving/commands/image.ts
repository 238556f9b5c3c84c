import { mustRunOn, script } from "../../hosts/remote.ts";
import { ImageSpec } from "../specs.ts";
import { resourceMain } from "./main.ts";

/*
 * Whose an image on a host is. Docker's provider would remove an image with the stack that pulled it, or fail where a
 * container of another stack uses it, and knows nothing of images that were there before. So it keeps them all, and this
 * decides: `~/.lathe/images/DIGEST` says that Lathe pulled an image; the last stack that uses it removes both.
 */

/** Before the pull. */
const CLAIM = `
mark=$HOME/.lathe/images/$2
if [ -e "$mark" ] || ! docker image inspect "$1" >/dev/null 2>&1; then
  mkdir -p "\${mark%/*}"
  printf '%s\\n' "$1" > "$mark"
fi
`;

/** Docker itself knows whether a container, running or not, uses an image: without force it refuses. */
const RELEASE = `
mark=$HOME/.lathe/images/$2
[ -e "$mark" ] || exit 0
if docker image inspect "$1" >/dev/null 2>&1; then
  said=$(docker rmi "$1" 2>&1) || case $said in
    *"is using its referenced image"*|*"is being used by"*) exit 0 ;;
    *) printf '%s\\n' "$said" >&2; exit 1 ;;
  esac
fi
rm -f "$mark"
rmdir "\${mark%/*}" "$HOME/.lathe" 2>/dev/null || true
`;

await resourceMain(ImageSpec, async (action, { target, reference }) => {
  const digest = reference.slice(reference.indexOf("@sha256:") + "@sha256:".length);
  const [text, doing] = action === "create" ? [CLAIM, "look for the image"] : [RELEASE, "remove the image"];
  await mustRunOn(target, script(text, reference, digest), doing);
  return undefined;
});
