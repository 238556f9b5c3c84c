import { mkdtemp, rm, writeFile, copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunOptions } from "../../lib/run.ts";
import { run } from "../run.ts";
import { CHROOT_SETTINGS, machineSettings } from "./settings.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// This shell has mount and pid namespaces of its own: when it ends, or is killed, its mounts and processes end too.
const ENTER = `set -e
root=$1; settings=$2; inside=$3; shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind -o ro /sys "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$inside"
mount --bind -o ro "$settings" "$root$inside"
[ -e "$root/etc/resolv.conf" ] || [ -L "$root/etc/resolv.conf" ] || : > "$root/etc/resolv.conf"
cp -L /etc/resolv.conf "$root/run/resolv.conf" 2>/dev/null || : > "$root/run/resolv.conf"
[ -L "$root/etc/resolv.conf" ] || mount --bind "$root/run/resolv.conf" "$root/etc/resolv.conf"
exec chroot "$root" "$@"`;

/**
 * Runs a program inside a root folder. It can fetch packages as this machine does, with the machine's name servers, proxies, CA
 * bundle and settings of apt and pip; none of these stays in the root. The environment is otherwise empty. Only root can do it.
 *
 * @returns what the program printed. @throws UserError with the end of its output if it fails
 */
export async function inChroot(
  root: string,
  argv: readonly string[],
  options: Omit<RunOptions, "env"> & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const settings = await machineSettings();
  const folder = await mkdtemp(join(tmpdir(), "lathe-chroot-"));
  try {
    const apt = `${settings.aptConfig}APT::Install-Recommends "false";\nDpkg::Use-Pty "0";\n`;
    await writeFile(join(folder, "apt.conf"), apt);
    if (settings.caBundle !== undefined) await copyFile(settings.caBundle, join(folder, "ca.crt"));
    const env = {
      PATH,
      HOME: "/root",
      LANG: "C.UTF-8",
      DEBIAN_FRONTEND: "noninteractive",
      APT_CONFIG: `${CHROOT_SETTINGS}/apt.conf`,
      ...settings.env,
      ...options.env,
    };
    const enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"];
    const shell = ["sh", "-c", ENTER, "lathe-chroot", root, folder, CHROOT_SETTINGS];
    const what = `${argv.slice(0, 3).join(" ")} in ${root}`;
    return await run([...enter, ...shell, ...argv], { what, ...options, env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
