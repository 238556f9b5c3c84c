import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import { fileDigest } from "../../lib/registry/http.ts";
import { BULK_MS, STALL_MS } from "../deadlines.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { LOOKS, LOOKS_FOLDER, unlessAnothers } from "../ownership/spec.ts";
import type { DeliverSpec } from "./spec.ts";

/*
 * How a model comes to a host. The archive is copied to `.incoming/<sha>-<model>-<version>.tar` (a broken copy goes on where
 * it stopped; versions of one content come side by side), verified there, unpacked beside it, and only then renamed to
 * where the server's kind has it below `models/`: the server never sees half a model. `.delivered/<model>/<version>` says which archive lies
 * there, `.looks/<model>/<version>` how its files looked then; they are not in the version's folder, which is the server's.
 */

/** An archive of no more than this goes there whole, in one command with all that is done with it: each costs a host more. */
const SMALL_BYTES = 4 * 2 ** 20;

/** Says `same`, and does no more, where this very version lies there already, as it was delivered. */
const UNLESS_SAME = `
${LOOKS}
cd "$1"; model=$2 version=$3 sha=$4 incoming=$5 path=$6
looked=$(cut -d " " -f 1 "${LOOKS_FOLDER}/$model/$version" 2>/dev/null || true)
if [ -d "models/$path" ] && [ "$(cat ".delivered/$model/$version" 2>/dev/null)" = "$sha" ] && [ "$looked" = "$(looks "models/$path")" ]
then echo same; exit; fi
mkdir -p .incoming
`;

/** Puts the version's files in its place, from `.incoming`. A version that is replaced by other content is moved away first. */
const PLACE = `
said=new
if [ -e "models/$path" ]; then mv "models/$path" ".incoming/$incoming.old"; said=replaced; fi
mv ".incoming/$incoming.new" "models/$path"
printf '%s\\n' "$sha" > ".delivered/$model/$version"
printf '%s %s\\n' "$(looks "models/$path")" "$path" > "${LOOKS_FOLDER}/$model/$version"
rm -rf ".incoming/$incoming.old" ".incoming/$incoming.tar"
echo "$said"
`;

const MAKE_ROOM = `
umask 022
rm -rf ".incoming/$incoming.new" ".incoming/$incoming.old"
mkdir -p ".incoming/$incoming.new" "$(dirname "models/$path")" ".delivered/$model" "${LOOKS_FOLDER}/$model"
`;

/** Links the files of the same version from another folder, where it lies there as it was delivered: no byte is sent or kept twice. */
const LINK = `
${UNLESS_SAME}
there=$7
looked=$(cut -d " " -f 1 "$there/${LOOKS_FOLDER}/$model/$version" 2>/dev/null || true)
if [ "$(cat "$there/.delivered/$model/$version" 2>/dev/null)" = "$sha" ] && [ "$looked" = "$(looks "$there/models/$path")" ]; then
${MAKE_ROOM}
  if cp -al "$there/models/$path/." ".incoming/$incoming.new/" 2>/dev/null; then
${PLACE}
    exit
  fi
fi
echo none
`;

/** Says how many bytes of the archive lie there. */
const ASK = `
${UNLESS_SAME}
wc -c < ".incoming/$incoming.tar" 2>/dev/null || echo 0
`;

const APPEND = `cat >> "$1/.incoming/$2.tar"`;

/** Says `bad` where the archive has not arrived whole and unharmed, and removes it. The renames are within one file system. */
const INSTALL = `
${LOOKS}
cd "$1"; model=$2 version=$3 sha=$4 incoming=$5 path=$6
if [ "$(sha256sum ".incoming/$incoming.tar" | cut -d ' ' -f 1)" != "$sha" ]; then rm -f ".incoming/$incoming.tar"; echo bad; exit; fi
${MAKE_ROOM}
tar -xf ".incoming/$incoming.tar" --no-same-owner -C ".incoming/$incoming.new"
chmod -R a+rX,u+w ".incoming/$incoming.new"
${PLACE}
`;

/** A small archive comes with the command. */
const TAKE = `
${UNLESS_SAME}
cat > ".incoming/$incoming.tar"
${INSTALL}
`;

const REMOVE = `
cd "$1" 2>/dev/null || exit 0
model=$2 version=$3 sha=$4 incoming=$5 path=$6
${unlessAnothers(".", "$7")}
rm -rf ".incoming/$incoming.tar" ".incoming/$incoming.new" ".incoming/$incoming.old"
# Other content under the same version number belongs to a newer delivery.
[ "$(cat ".delivered/$model/$version" 2>/dev/null)" = "$sha" ] || exit 0
rm -rf ".delivered/$model/$version" "${LOOKS_FOLDER}/$model/$version" "models/$path"
rmdir ".delivered/$model" "${LOOKS_FOLDER}/$model" 2>/dev/null || true
cd models && rmdir -p "$(dirname "$path")" 2>/dev/null || true
`;

/** What a version that is under way is called in `.incoming`. */
export function incomingName({ sha256, model, version }: Pick<DeliverSpec, "sha256" | "model" | "version">): string {
  return `${sha256}-${model}-${version}`;
}

/** What a delivery did. */
export type Delivered = "already there" | "new" | "replaced";

/**
 * Brings a model's archive to its host; does nothing if it lies there already.
 *
 * @param archive path of the archive on this machine: a tar of what is in the version's folder
 * @throws UserError if the host refuses, or the copy arrives damaged twice
 */
export async function deliver(spec: DeliverSpec, archive: string): Promise<Delivered> {
  const { target, workspace, model, version, sha256, path } = spec;
  const doing = `deliver model ${model} version ${version}`;
  const incoming = incomingName(spec);
  const words = [workspace, model, `${version}`, sha256, incoming, path];
  const linked = await link(spec, words, doing);
  if (linked !== undefined) return linked;
  const { size } = await stat(archive);
  const bulk = { timeoutMs: BULK_MS };
  const sendAll = async () => {
    const input = await readFile(archive);
    return (await mustRunOn(target, script(TAKE, ...words), doing, { input, ...bulk })).trim();
  };
  const sendOn = async () => {
    const there = (await mustRunOn(target, script(ASK, ...words), doing)).trim();
    if (there === "same") return there;
    if (!/^\d+$/.test(there)) return there;
    if (Number(there) < size) {
      const input = createReadStream(archive, { start: Number(there) });
      await mustRunOn(target, script(APPEND, workspace, incoming), doing, { input, stallMs: STALL_MS });
    }
    return (await mustRunOn(target, script(INSTALL, ...words), doing, bulk)).trim();
  };
  for (let attempt = 1; attempt <= 2; attempt++) {
    const said = size > SMALL_BYTES ? await sendOn() : await sendAll();
    if (said === "same") return "already there";
    if (said === "new" || said === "replaced") return said;
    if (said !== "bad") throw new UserError({ what: `${doing}: the host's answer cannot be read: ${show(said)}` });
  }
  const own = await fileDigest(archive);
  if (own !== sha256) {
    throw new UserError({
      what: `${doing}: its archive in Lathe's cache was changed or cut short (${archive}: SHA-256 ${own})`,
      expected: sha256,
      fix: `rm -r ${dirname(archive)}, then run the same command again: it makes the archive anew`,
    });
  }
  throw new UserError({
    what: `${doing}: the archive arrived twice with another SHA-256, though it is good on this machine`,
    expected: sha256,
    fix: "the host's disk or the way to it is failing: look what its kernel says (dmesg)",
  });
}

/** Links a version from the folder that may have it; undefined: it is to be sent. */
async function link({ target, alreadyIn }: DeliverSpec, words: readonly string[], doing: string) {
  if (alreadyIn === undefined) return undefined;
  const said = (await mustRunOn(target, script(LINK, ...words, alreadyIn), doing, { timeoutMs: BULK_MS })).trim();
  if (said === "same") return "already there";
  return said === "new" || said === "replaced" ? said : undefined;
}

/** Removes a version from its host, if it is still the one that was delivered, and the folder the deployment's. */
export async function undeliver(spec: DeliverSpec): Promise<void> {
  const { target, workspace, model, version, sha256, path, id } = spec;
  const doing = `remove model ${model} version ${version}`;
  const command = script(REMOVE, workspace, model, `${version}`, sha256, incomingName(spec), path, id);
  await mustRunOn(target, command, doing, { timeoutMs: BULK_MS });
}
