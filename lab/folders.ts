import { mkdir, statfs } from "node:fs/promises";
import { UserError } from "../lib/errors.ts";
import { cacheDir } from "../lib/paths.ts";
import { LABS_DIR_MAX, labsDir } from "./names.ts";

const OVERLAYFS_MAGIC = 0x794c7630;

/**
 * Makes the folder of the labs and checks that hosts can live in it: their roots are overlays, whose upper layer cannot
 * lie on another overlay, as a container's own root is.
 *
 * @throws UserError with what would do
 */
export async function checkFolders(): Promise<void> {
  await mkdir(labsDir(), { recursive: true });
  if (labsDir().length > LABS_DIR_MAX) {
    const expected = `${LABS_DIR_MAX} characters at most: sockets lie below it, whose paths must be short`;
    throw new UserError({ what: `LATHE_LAB_DIR=${labsDir()}`, expected });
  }
  for (const path of [labsDir(), cacheDir()]) {
    if (!/^[\w./@+-]+$/.test(path)) {
      const expected = "letters, digits and ./_@+- only: mount takes other characters for its own";
      throw new UserError({ what: `the folder ${path}`, expected, fix: "set LATHE_LAB_DIR or LATHE_CACHE to another" });
    }
  }
  const { type } = await statfs(labsDir());
  if (type !== OVERLAYFS_MAGIC) return;
  throw new UserError({
    what: `${labsDir()} lies on an overlay file system, where no other overlay can be written to`,
    fix: "LATHE_LAB_DIR=/a/folder/on/a/disk npx lathe lab up",
  });
}
