import { mustRunOn, script } from "../../hosts/remote.ts";
import { WorkspaceSpec } from "../specs.ts";
import { resourceMain } from "./main.ts";

/** Says whose the folder is; nothing is ever removed from a folder without it. */
const OWNER_FILE = ".lathe-owner";

const MAKE = `
workspace=$1 owner=$2
umask 022
if [ -e "$workspace" ] && [ ! -e "$workspace/${OWNER_FILE}" ] && [ -n "$(ls -A "$workspace")" ]; then
  echo "$workspace is there already and is not Lathe's: name another folder (lathe:workspace)" >&2; exit 1
fi
if [ -e "$workspace/${OWNER_FILE}" ] && [ "$(cat "$workspace/${OWNER_FILE}")" != "$owner" ]; then
  echo "$workspace belongs to $(cat "$workspace/${OWNER_FILE}"): name another folder (lathe:workspace)" >&2; exit 1
fi
mkdir -p "$workspace/models" "$workspace/agents"
printf '%s\\n' "$owner" > "$workspace/${OWNER_FILE}"
`;

const WRITE = `
umask 022
cat > "$1/models/$2.partial"
mv "$1/models/$2.partial" "$1/models/$2"
`;

const REMOVE = `
workspace=$1 owner=$2
[ -e "$workspace" ] || exit 0
if [ "$(cat "$workspace/${OWNER_FILE}" 2>/dev/null)" != "$owner" ]; then
  echo "$workspace is not of $owner: left as it is" >&2; exit 0
fi
rm -rf "$workspace"
case $workspace in */.lathe/*) rmdir "\${workspace%/*}" 2>/dev/null || true ;; esac
`;

await resourceMain(WorkspaceSpec, async (action, { target, workspace, owner, files }) => {
  if (action === "delete") {
    await mustRunOn(target, script(REMOVE, workspace, owner), "remove the workspace");
    return undefined;
  }
  await mustRunOn(target, script(MAKE, workspace, owner), "make the workspace");
  for (const file of files) {
    await mustRunOn(target, script(WRITE, workspace, file.name), `write ${file.name}`, { input: file.content });
  }
  return undefined;
});
