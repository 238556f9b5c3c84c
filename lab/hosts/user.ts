import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../lib/cache/cached.ts";

/** Whether a user may become root by sudo: without a password, with one, or not at all. */
export type Sudo = "free" | "password" | "none";

const UID = 1000;

/** Adds a user to a root as an installer does: account, home, key, sudoers. Keeps files that exist, to which packages add groups. */
export async function layUser(
  root: { readonly base: string; readonly upper: string },
  user: { readonly name: string; readonly sudo: Sudo; readonly authorizedKey: string },
): Promise<void> {
  const { name, sudo } = user;
  await mkdir(join(root.upper, "etc/sudoers.d"), { recursive: true });
  for (const [file, line, mode] of [
    ["etc/passwd", `${name}:x:${UID}:${UID}:${name}:/home/${name}:/bin/bash`, 0o644],
    ["etc/group", `${name}:x:${UID}:`, 0o644],
    ["etc/shadow", `${name}:*:19000:0:99999:7:::`, 0o640],
  ] as const) {
    const path = join(root.upper, file);
    if (await exists(path)) continue;
    await writeFile(path, `${await readFile(join(root.base, file), "utf8")}${line}\n`);
    await chmod(path, mode);
  }
  if (sudo !== "none") {
    const path = join(root.upper, "etc/sudoers.d/lathe-lab");
    await writeFile(path, `${name} ALL=(ALL) ${sudo === "free" ? "NOPASSWD: " : ""}ALL\n`);
    await chmod(path, 0o440);
  }
  const home = join(root.upper, "home", name);
  await mkdir(join(home, ".ssh"), { recursive: true });
  await writeFile(join(home, ".ssh/authorized_keys"), `${user.authorizedKey}\n`, { mode: 0o600 });
  await chmod(join(home, ".ssh"), 0o700);
  for (const path of [home, join(home, ".ssh"), join(home, ".ssh/authorized_keys")]) await chown(path, UID, UID);
}
