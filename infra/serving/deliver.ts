import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { UserError } from "../../lib/errors.ts";
import { mustRunOn, script } from "../hosts/remote.ts";
import type { DeliverSpec } from "./specs.ts";

/*
 * How a model comes to a host. The archive is copied to `.incoming/<sha>.tar` (a broken copy goes on where it stopped),
 * verified there, unpacked beside it, and only then renamed to `models/<model>/<version>`: the server never sees half a
 * model. `.delivered/<model>/<version>` says which archive lies there; it is not in the version's folder, which is the
 * server's.
 */

/** Says `same` where this very version lies there already, else how many bytes of its archive do. */
const ASK = `
cd "$1"; model=$2 version=$3 sha=$4
if [ -d "models/$model/$version" ] && [ "$(cat ".delivered/$model/$version" 2>/dev/null)" = "$sha" ]; then
  echo same
else
  mkdir -p .incoming
  wc -c < ".incoming/$sha.tar" 2>/dev/null || echo 0
fi
`;

const APPEND = `cat >> "$1/.incoming/$2.tar"`;

/** Says `good` where the whole archive has arrived unharmed; removes it where it has not. */
const VERIFY = `
cd "$1/.incoming"; sha=$2
if [ "$(sha256sum "$sha.tar" | cut -d ' ' -f 1)" = "$sha" ]; then echo good; else rm -f "$sha.tar"; echo bad; fi
`;

/** The renames are within one file system. A version that is replaced by other content is moved away first. */
const INSTALL = `
cd "$1"; model=$2 version=$3 sha=$4
umask 022
rm -rf ".incoming/$sha.new" ".incoming/$sha.old"
mkdir -p ".incoming/$sha.new" "models/$model" ".delivered/$model"
tar -xf ".incoming/$sha.tar" --no-same-owner -C ".incoming/$sha.new"
chmod -R a+rX,u+w ".incoming/$sha.new"
if [ -e "models/$model/$version" ]; then mv "models/$model/$version" ".incoming/$sha.old"; echo replaced; fi
mv ".incoming/$sha.new" "models/$model/$version"
printf '%s\\n' "$sha" > ".delivered/$model/$version"
rm -rf ".incoming/$sha.old" ".incoming/$sha.tar"
`;

const REMOVE = `
cd "$1" 2>/dev/null || exit 0
model=$2 version=$3 sha=$4
rm -rf ".incoming/$sha.tar" ".incoming/$sha.new" ".incoming/$sha.old"
# Other content under the same version number belongs to a newer delivery.
[ "$(cat ".delivered/$model/$version" 2>/dev/null)" = "$sha" ] || exit 0
rm -rf ".delivered/$model/$version" "models/$model/$version"
rmdir ".delivered/$model" "models/$model" 2>/dev/null || true
`;

/** What a delivery did. */
export type Delivered = "already there" | "new" | "replaced";

/**
 * Brings a model's archive to its host; does nothing where it lies there already.
 *
 * @param archive path of the archive on this machine: a tar of what is in the version's folder
 * @throws UserError where the host refuses, or the copy arrives damaged twice
 */
export async function deliver(spec: DeliverSpec, archive: string): Promise<Delivered> {
  const { target, workspace, model, version, sha256 } = spec;
  const doing = `deliver model ${model} version ${version}`;
  const { size } = await stat(archive);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const there = (await mustRunOn(target, script(ASK, workspace, model, `${version}`, sha256), doing)).trim();
    if (there === "same") return "already there";
    if (Number(there) < size) {
      const input = createReadStream(archive, { start: Number(there) });
      await mustRunOn(target, script(APPEND, workspace, sha256), doing, { input });
    }
    if ((await mustRunOn(target, script(VERIFY, workspace, sha256), doing)).trim() !== "good") continue;
    const said = await mustRunOn(target, script(INSTALL, workspace, model, `${version}`, sha256), doing);
    return said.includes("replaced") ? "replaced" : "new";
  }
  throw new UserError({
    what: `${doing}: the archive arrived with another SHA-256, twice`,
    expected: sha256,
    fix: "the archive in Lathe's cache was changed or the host's disk is failing: delete the cache's models folder, try again",
  });
}

/** Removes a version from its host, if it is still the one that was delivered. */
export async function undeliver(spec: DeliverSpec): Promise<void> {
  const { target, workspace, model, version, sha256 } = spec;
  const doing = `remove model ${model} version ${version}`;
  await mustRunOn(target, script(REMOVE, workspace, model, `${version}`, sha256), doing);
}
