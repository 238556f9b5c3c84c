import { BULK_MS } from "../deadlines.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { OWN_FOLDER } from "../hosts/own-folder.ts";
import { OWNER_FILE, WorkspaceSpec } from "../ownership/spec.ts";
import { resourceProgram } from "./program.ts";

const MAKE = `
${OWN_FOLDER}
workspace=$1 owner=$2 id=$3
umask 022
alone "$workspace" || exit 1
if [ -e "$workspace" ] && [ ! -e "$workspace/${OWNER_FILE}" ] && [ -n "$(ls -A "$workspace")" ]; then
  echo "$workspace is there already and is not Lathe's: name another folder (lathe:workspace)" >&2; exit 1
fi
if [ -e "$workspace/${OWNER_FILE}" ]; then
  whose=$(sed -n 1p "$workspace/${OWNER_FILE}") which=$(sed -n 2p "$workspace/${OWNER_FILE}")
  if [ "$whose" != "$owner" ]; then
    echo "$workspace belongs to $whose: name another folder (lathe:workspace)" >&2; exit 1
  fi
  if [ -n "$which" ] && [ "$which" != "$id" ]; then
    echo "$workspace belongs to a stack $owner of somebody else, or of a state that was lost, or to this stack under another" \\
      "spelling of lathe:host: if it was spelt otherwise, set it back and run npx lathe down before you change it;" \\
      "else name another folder (lathe:workspace), or, if nobody needs it, remove its container, its network if it" \\
      "has one (docker network ls -f label=org.lathe.owner=$owner), and then it (rm -r $workspace)" >&2; exit 1
  fi
fi
mkdir -p "$workspace/models" "$workspace/agents"
alone "$workspace" || exit 1
printf '%s\\n' "$owner" "$id" > "$workspace/${OWNER_FILE}"
`;

/**
 * Files of text from standard input, one after the other: each one's name, how it begins where it must be left, its lines.
 * A config that a server was seen to serve is the gate's to change. Files of the last time that are not among them are removed.
 */
const WRITE = `
shift 3
take() {
  left=$1
  while [ "$left" -gt 0 ]; do IFS= read -r line; printf '%s\\n' "$line"; left=$((left - 1)); done
}
: > "$workspace/.files.new"
while [ $# -gt 0 ]; do
  file=$workspace/models/$1
  printf '%s\\n' "$1" >> "$workspace/.files.new"
  if [ -n "$2" ] && head -c 200 "$file" 2>/dev/null | grep -qF "$2"; then
    take "$3" > /dev/null
  else
    mkdir -p "$(dirname "$file")"
    take "$3" > "$file.partial"
    mv "$file.partial" "$file"
  fi
  shift 3
done
cd "$workspace/models"
grep -vxFf ../.files.new ../.files 2>/dev/null | while IFS= read -r gone; do
  rm -f "$gone"
  rmdir -p "$(dirname "$gone")" 2>/dev/null || true
done
mv ../.files.new ../.files
`;

const REMOVE = `
workspace=$1 owner=$2 id=$3
[ -e "$workspace" ] || exit 0
which=$(sed -n 2p "$workspace/${OWNER_FILE}" 2>/dev/null || true)
if [ "$(sed -n 1p "$workspace/${OWNER_FILE}" 2>/dev/null)" != "$owner" ] || [ "\${which:-$id}" != "$id" ]; then
  echo "$workspace is not of $owner: left as it is" >&2; exit 0
fi
rm -rf "$workspace"
case $workspace in */.lathe/*) rmdir "\${workspace%/*}" 2>/dev/null || true ;; esac
`;

export const program = resourceProgram(
  WorkspaceSpec,
  async (action, { target, workspace, owner, id, files }) => {
    if (action === "delete") {
      await mustRunOn(target, script(REMOVE, workspace, owner, id), "remove the workspace", { timeoutMs: BULK_MS });
      return;
    }
    const texts = files.map(({ content }) => content.replace(/\n?$/, "\n"));
    const words = files.map(({ name, keepWhere = "" }, i) => [
      name,
      keepWhere,
      `${texts[i]?.match(/\n/g)?.length ?? 0}`,
    ]);
    const command = script(`${MAKE}${WRITE}`, workspace, owner, id, ...words.flat());
    await mustRunOn(target, command, "make the workspace", { input: texts.join("") });
  },
  ({ workspace }) => `folder ${workspace}`,
);
