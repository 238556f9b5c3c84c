import { join } from "node:path";
import { proxied } from "../infra/access/plan.ts";
import type { StackConfig } from "../infra/config/types.ts";
import { withAbsoluteConfig, type SshTarget } from "../infra/hosts/target.ts";
import type { ImageKey } from "../infra/images/advice.ts";
import { isByDigest, keepDigests, LOCK_FILE, readLock, withTag, type Locked } from "../infra/images/lock.ts";
import { digestOf } from "../infra/images/resolve.ts";
import { plannedEndpoints } from "../infra/servers/endpoints.ts";
import { serverKind } from "../infra/servers/registry.ts";
import { printResult } from "../lib/cli/result.ts";
import type { Values } from "../lib/cli/spec.ts";
import { UserError } from "../lib/errors.ts";
import { progress } from "../lib/progress.ts";
import { formatTable } from "../lib/table.ts";
import { configIn } from "../stacks/config-file.ts";
import { configOf } from "../stacks/config.ts";
import { projectAt } from "../stacks/project.ts";
import { IMAGES } from "./options.ts";
import { chooseStacks, configuredStacks, withOrganisations } from "./stacks.ts";

/** An image that servers have, and machines that can ask for it. */
export interface WantedImage {
  /** With its tag, or its digest. */
  readonly image: string;
  readonly key: ImageKey;
  /** Ids of the servers. */
  readonly servers: readonly string[];
  readonly targets: readonly (SshTarget | null)[];
}

/** What is known of an image. */
export interface ImageRow {
  readonly image: string;
  /** The digest that `up` takes; null: it will ask. */
  readonly locked: string | null;
  /** What its tag stands for now; null: it has none, or its registry does not tell. */
  readonly now: string | null;
  readonly state: "as locked" | "moved on" | "not locked yet" | "by digest" | "unknown";
  readonly servers: readonly string[];
  /** Why it is unknown. */
  readonly reason?: string;
}

/** `lathe images`. */
export async function images({ project, stack, move, json }: Values<typeof IMAGES>): Promise<number> {
  const projectDir = await projectAt(project);
  const faults: string[] = [];
  const configs: StackConfig[] = [];
  for (const { name } of chooseStacks("up", withOrganisations(await configuredStacks(projectDir), stack), stack)) {
    try {
      configs.push(await configOf("lathe", name, ...(await configIn(projectDir, name))));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(`stack ${name}: ${error.message}`);
    }
  }
  const locked = await readLock(projectDir);
  const rows: ImageRow[] = [];
  const say = progress();
  for (const wanted of wantedImages(configs, projectDir)) {
    say.step(`asking for ${wanted.image}`, 3);
    rows.push(await rowOf(wanted, locked));
  }
  say.done();
  const news = rows.filter(({ state }) => state === "moved on" || state === "not locked yet");
  const moved = move === true && news.length > 0;
  if (moved) await keepDigests(projectDir, Object.fromEntries(news.map(({ image, now }) => [image, now ?? ""])), true);
  const text = [formatRows(rows), ...rows.flatMap((row) => row.reason ?? []), ...faults, ending(news, moved)];
  const file = join(projectDir, LOCK_FILE);
  printResult(IMAGES.json, json, text.join("\n\n").trim(), { file, moved, images: rows, faults });
  return faults.length === 0 && rows.every(({ state }) => state !== "unknown") ? 0 : 1;
}

/** The images of stacks' servers and of their proxies before REST, each once. Pure. */
export function wantedImages(configs: readonly StackConfig[], projectDir: string): WantedImage[] {
  const all = configs.flatMap(({ ssh, servers }) =>
    servers.flatMap(({ id, kind: name, image, ports, access }) => {
      const kind = serverKind(name);
      const target = ssh === null ? null : withAbsoluteConfig(ssh, projectDir);
      const one = (reference: string, key: ImageKey) => {
        const named = isByDigest(reference) ? reference : withTag(reference);
        return { image: named, key, servers: [id], targets: [target] };
      };
      const hasProxy = proxied(plannedEndpoints(kind, ports, access)) !== undefined;
      return [one(image ?? kind.defaultImage, "image"), ...(hasProxy ? [one(access.proxyImage, "proxyImage")] : [])];
    }),
  );
  return [...Map.groupBy(all, ({ image }) => image).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => ({
      ...first,
      servers: [...new Set(same.flatMap(({ servers }) => servers))],
      targets: same.flatMap(({ targets }) => targets),
    })),
  );
}

/** Asks for an image by the engine of one machine after the other, until one is told. */
async function rowOf({ image, key, servers, targets }: WantedImage, all: Locked): Promise<ImageRow> {
  if (isByDigest(image)) return { image, locked: image.split("@")[1] ?? null, now: null, state: "by digest", servers };
  const locked = all[image] ?? null;
  let reason = "";
  for (const target of targets) {
    try {
      const now = await digestOf(target, image, key);
      const state = locked === null ? "not locked yet" : locked === now ? "as locked" : "moved on";
      return { image, locked, now, state, servers };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reason = error.message;
    }
  }
  return { image, locked, now: null, state: "unknown", servers, reason };
}

function formatRows(rows: readonly ImageRow[]): string {
  const short = (digest: string | null) => digest?.slice(0, "sha256:".length + 12) ?? "–";
  const columns = ["image", "locked", "its tag says now", "state", "servers"].map((title) => ({ title }));
  return formatTable(
    columns,
    rows.map(({ image, locked, now, state, servers }) => [
      ...[
        isByDigest(image) ? (image.split("@")[0] ?? "") : image,
        short(locked),
        short(now),
        state,
        servers.join(", "),
      ],
    ]),
  );
}

function ending(news: readonly ImageRow[], moved: boolean): string {
  const names = news.map(({ image }) => image).join(", ");
  if (moved)
    return `${LOCK_FILE} has what the tags say now: ${names}. The next \`npx lathe up\` makes those servers' containers anew.`;
  const others = news.filter(({ state }) => state === "moved on").map(({ image }) => image);
  return others.length === 0
    ? ""
    : `\`up\` keeps to what is locked. To take what the tags say now (${others.join(", ")}): npx lathe images --move`;
}
