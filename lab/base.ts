import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { cached, exists } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import { inChroot } from "./debian/chroot.ts";
import { needPrograms, needRoot } from "./debian/needs.ts";
import { machineCodename, machineSettings, machineSources } from "./debian/settings.ts";
import { formatSources, mainSource, sourcesOfRelease, type AptSource } from "./debian/sources.ts";
import { run } from "./run.ts";

export { inChroot } from "./debian/chroot.ts";

/** Change a number when a base is made in another way: then older ones in the cache are not used. */
const RECIPE = { minbase: 1, packages: 2 };

/**
 * A root folder with this machine's release of Debian or Ubuntu: minbase and some packages, without those that they recommend.
 * It is built once. Never write to it: copy it, or put an overlay over it. Only root can build it.
 */
export async function debianBase(progress: Progress, packages: readonly string[] = []): Promise<string> {
  needRoot();
  const codename = await machineCodename();
  const key = baseKey(codename, arch(), packages);
  const make = async (dir: string) => {
    if (packages.length === 0) return bootstrap(dir, codename, progress);
    const minbase = await debianBase(progress);
    progress.step(`Debian packages for the lab: ${packages.join(", ")}`, 40);
    await run(["cp", "-a", "--reflink=auto", `${minbase}/.`, dir]);
    await installPackages(dir, packages, progress);
    progress.done();
  };
  return cached("lab", key, make, (pid) => progress.note(`waiting for process ${pid}, which builds it now`, true));
}

/** A base's key in the cache, from release, processor and packages (in any order). */
export function baseKey(codename: string, processor: string, packages: readonly string[]): string {
  const extra = [...new Set(packages)].sort();
  const hash = createHash("sha256")
    .update([RECIPE.packages, ...extra].join("\n"))
    .digest("hex")
    .slice(0, 8);
  return `base-${RECIPE.minbase}-${codename}-${processor}-${extra.length === 0 ? "min" : hash}`;
}

async function bootstrap(dir: string, codename: string, progress: Progress): Promise<void> {
  await needPrograms(["debootstrap", "wget", "gpgv"], progress);
  const sources = sourcesOfRelease(await machineSources(), codename);
  const main = mainSource(sources, codename);
  if (main === undefined) {
    throw new UserError({
      what: `/etc/apt: no package source of ${codename} in sources.list or sources.list.d`,
      expected: `a line such as "deb http://MIRROR/debian ${codename} main"`,
    });
  }
  progress.step(`Debian ${codename} for the lab, from this machine's own mirror (debootstrap)`, 60);
  const settings = await machineSettings();
  const proxy = /^Acquire::http::Proxy "(.+)";$/m.exec(settings.aptConfig)?.[1];
  const env = {
    ...process.env,
    PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
    ...(proxy === undefined || proxy === "DIRECT" ? {} : { http_proxy: proxy }),
  };
  const trust = main.trusted ? ["--no-check-gpg"] : main.signedBy === undefined ? [] : [`--keyring=${main.signedBy}`];
  const contained = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const what = ["--variant=minbase", `--components=${main.components.join(",")}`, ...trust];
  await run([...contained, "debootstrap", ...what, codename, dir, main.uris[0] ?? ""], {
    env,
    what: `debootstrap of ${codename}`,
    onLine: (line) => progress.note(line.replace(/^I: /, "")),
  });
  await adoptSources(dir, sources);
  await inChroot(dir, ["apt-get", "-q", "update"]);
  await inChroot(dir, ["apt-get", "-q", "-y", "upgrade"]);
  await inChroot(dir, ["apt-get", "clean"]);
  progress.done();
}

/** Installs Debian packages and what they need into a root folder that has Debian, without starting their services. */
export async function installPackages(root: string, packages: readonly string[], progress: Progress): Promise<void> {
  // Debian's way to keep a package's services from starting in a chroot.
  const policy = join(root, "usr/sbin/policy-rc.d");
  await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const onLine = (line: string) => progress.note(line);
  await inChroot(root, ["apt-get", "-q", "update"], { onLine });
  await inChroot(root, ["apt-get", "-q", "-y", "install", ...packages], { onLine });
  await inChroot(root, ["apt-get", "clean"]);
  await rm(policy);
  // Host keys and machine id are made anew for each host.
  const keys = (await readdir(join(root, "etc/ssh")).catch(() => [])).filter((name) => name.startsWith("ssh_host_"));
  for (const name of keys) await rm(join(root, "etc/ssh", name));
  await rm(join(root, "etc/machine-id"), { force: true });
}

/** Writes the machine's apt sources of this release into a root, with the keyrings that they name. */
async function adoptSources(root: string, sources: readonly AptSource[]): Promise<void> {
  for (const { signedBy } of sources) {
    if (signedBy === undefined || (await exists(join(root, signedBy)))) continue;
    await mkdir(dirname(join(root, signedBy)), { recursive: true });
    await copyFile(signedBy, join(root, signedBy));
  }
  await rm(join(root, "etc/apt/sources.list.d"), { recursive: true, force: true });
  await mkdir(join(root, "etc/apt/sources.list.d"));
  await writeFile(join(root, "etc/apt/sources.list"), formatSources(sources));
}
