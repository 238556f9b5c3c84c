import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeAtomic } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { cacheDir } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { initOf } from "./hosts/boot.ts";
import { manifestDigest } from "./registry/registry.ts";
import { run } from "./run.ts";
import type { Lab } from "./state.ts";

/** How an image's containers start. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Such as `8500/tcp` or `8500`. */
  readonly exposedPorts?: readonly string[];
}

/** An image to be: a root folder and its configuration. */
export interface ImageSource {
  /** Repository in the registry: `lathe/small`. */
  readonly name: string;
  readonly tag: string;
  /** Names the content: the same key, the same files. */
  readonly key: string;
  readonly rootfs: { readonly dir: string };
  readonly config: ImageConfig;
}

/** An image that stands in for a server kind's own where that cannot be had. It says of itself that it does. */
export interface StandIn {
  /** Server kind. */
  readonly kind: string;
  /** Makes it, or finds it in the cache. Needs to be root. */
  image(progress: Progress): Promise<ImageSource>;
}

/** An image as the registry has it. */
export interface PushedImage {
  /** `10.213.7.2:5000/lathe/small@sha256:…`: what a host pulls. */
  readonly reference: string;
  readonly digest: string;
  /** False where the registry had it already. */
  readonly pushed: boolean;
}

/** Makes and pushes an image that the lab's registry lacks. Its storage lies in the cache: later labs find it there. */
export async function pushImage(lab: Lab, source: ImageSource, progress: Progress): Promise<PushedImage> {
  const { address } = lab.registry;
  const note = cacheDir("lab", "images", `${imageKey(source)}.json`);
  const known = await readFile(note, "utf8").then(
    (text) => (JSON.parse(text) as { digest: string }).digest,
    () => undefined,
  );
  const reference = (digest: string) => `${address}/${source.name}@${digest}`;
  if (known !== undefined && (await manifestDigest(address, source.name, known)) === known) {
    return { reference: reference(known), digest: known, pushed: false };
  }
  const host = [...lab.hosts].filter((h) => h.docker).sort((a, b) => b.cpus - a.cpus)[0];
  const pid = host === undefined ? undefined : await initOf(lab.name, host.name);
  if (host === undefined || pid === undefined) {
    const what = `lab "${lab.name}": no host with Docker is up to make an image in`;
    throw new UserError({ what, fix: "npx lathe lab up" });
  }
  const tagged = `${address}/${source.name}:${source.tag}`;
  // Straight into the host and not over ssh: a gigabyte need not be encrypted on its way to another namespace.
  const docker = ["nsenter", "-t", String(pid), "--mount", "--net", "--uts", "--pid", "docker"];
  const title = `${source.name}:${source.tag}`;
  progress.step(`image ${title} for the lab's registry (docker import and push on ${host.name})`, 90);
  const into = [...docker, "import", ...changeArguments(source.config), "-", tagged];
  const what = `docker import of ${source.name}`;
  await run(["bash", "-o", "pipefail", "-c", PACKED, "bash", source.rootfs.dir, ...into], { what });
  progress.note("pushing");
  await run([...docker, "push", "-q", tagged], { what: `docker push ${tagged}` });
  const digest = await manifestDigest(address, source.name, source.tag);
  if (digest === undefined) throw new UserError({ what: `registry ${address}: has no ${title} after its push` });
  await run([...docker, "rmi", tagged], { what: `docker rmi ${tagged}` });
  await writeAtomic(note, `${JSON.stringify({ name: source.name, key: source.key, digest })}\n`);
  progress.done(digest.slice(0, 19));
  return { reference: reference(digest), digest, pushed: true };
}

/** Names an image's content and configuration, whatever the order of what it is made of. */
export function imageKey(source: Pick<ImageSource, "name" | "key" | "config">): string {
  const text = JSON.stringify([source.name, source.key, changeArguments(source.config)]);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `${source.name.replaceAll("/", "-")}-${hash}`;
}

/** An image's configuration as `docker import` takes it: Dockerfile instructions, in a fixed order. */
export function changeArguments(config: ImageConfig): string[] {
  // In a Dockerfile, `$` starts a variable and quotes end a value unless they are escaped.
  const escape = (value: string) => `"${value.replace(/[\\"$]/g, "\\$&")}"`;
  const pairs = (record: Readonly<Record<string, string>> = {}) =>
    Object.entries(record)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${k}=${escape(v)}`);
  const changes = [
    ...pairs(config.env).map((p) => `ENV ${p}`),
    ...pairs(config.labels).map((p) => `LABEL ${p}`),
    ...(config.exposedPorts ?? []).map((p) => `EXPOSE ${p}`),
    ...(config.entrypoint === undefined ? [] : [`ENTRYPOINT ${JSON.stringify(config.entrypoint)}`]),
    ...(config.cmd === undefined ? [] : [`CMD ${JSON.stringify(config.cmd)}`]),
  ];
  return changes.flatMap((change) => ["--change", change]);
}

/** Feeds a tar of the folder `$1` to the command that follows. */
const PACKED = `folder=$1; shift
tar --create --numeric-owner --xattrs --xattrs-include=security.capability --one-file-system -C "$folder" . | "$@"`;
