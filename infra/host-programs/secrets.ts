import { z } from "zod";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { Owned, unlessAnothers } from "../ownership/spec.ts";
import { resourceProgram } from "./program.ts";

/*
 * Secrets of one container on its host: files that its user alone can read, in a folder of their own. They come by standard
 * input, so that no process list shows them, and are whole before they are there. The whole spec is a secret.
 */

const SecretsSpec = Owned.extend({
  workspace: z.string().startsWith("/"),
  /** The name of their folder. */
  container: z.string().min(1),
  /** `UID:GID` that the files are handed to where the SSH user is root; empty: left to root. */
  user: z.string(),
  files: z.array(z.object({ name: z.string(), content: z.string() })),
});

const WRITE = `
dir=$1 name=$2 user=$3
umask 077
mkdir -p "$dir"
cat > "$dir/$name.partial"
if [ "$(id -u)" = 0 ] && [ -n "$user" ]; then chown "$user" "$dir" "$dir/$name.partial"; fi
mv "$dir/$name.partial" "$dir/$name"
`;

/** Files that the container had before and has no more. */
const TIDY = `
dir=$1; shift
for file in "$dir"/*; do
  keep=; for name in "$@"; do [ "$file" = "$dir/$name" ] && keep=1; done
  [ -n "$keep" ] || rm -f "$file"
done
`;

const REMOVE = `
${unlessAnothers("$2", "$3")}
rm -rf "$1"
rmdir "\${1%/*}" 2>/dev/null || true
`;

export const program = resourceProgram(
  SecretsSpec,
  async (action, { target, workspace, container, id, user, files }) => {
    const dir = `${workspace}/secrets/${container}`;
    if (action === "delete") {
      await mustRunOn(target, script(REMOVE, dir, workspace, id), "remove the secrets");
      return;
    }
    for (const { name, content } of files)
      await mustRunOn(target, script(WRITE, dir, name, user), `write secret ${name}`, { input: content });
    await mustRunOn(target, script(TIDY, dir, ...files.map((f) => f.name)), "remove old secrets");
  },
  ({ workspace, container }) => `${workspace}/secrets/${container}, the keys of a server that is gone`,
);
