import { PassThrough } from "node:stream";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { REGISTRY_MS } from "../deadlines.ts";
import { lastLine, nameOf } from "../hosts/bounds.ts";
import { diagnoseSsh } from "../hosts/connection/diagnose.ts";
import { runOn } from "../hosts/connection/run.ts";
import type { SshTarget } from "../hosts/target.ts";

/*
 * What a registry says of an image, as a machine's own engine asks it: by the names, proxies, mirrors and certificates with which
 * it will pull the image. (`docker manifest` asks by itself, with settings of its own.)
 */

/** An image as its registry has it. */
export interface ImageThere {
  /** `sha256:…`, of all its builds together. */
  readonly digest: string;
  /** Its builds: `linux/amd64`, `linux/arm64`; empty if the registry does not tell. */
  readonly platforms: readonly string[];
}

/** What was answered; `said` is the registry's or the engine's own words. */
export type Asked = { readonly ok: true; readonly image: ImageThere } | { readonly ok: false; readonly said: string };

/** Builds that are looked at: an image has some dozen at most. */
const MOST_PLATFORMS = 200;

const Distribution = z.object({
  Descriptor: z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  Platforms: z.array(z.object({ os: z.string().max(50), architecture: z.string().max(50) })).nullish(),
});
const Refusal = z.object({ message: z.string() });

/** The words by which a registry asks who it is. */
const ASKS_WHO = /unauthorized|denied|authentication required|no basic auth/i;

/**
 * Asks a registry for an image, by the engine of a machine. Where the registry wants to know who asks, the machine's own
 * `docker login` is shown to it.
 *
 * @param reference with a tag or a digest
 * @throws UserError if the machine cannot be reached
 */
export async function askRegistry(target: SshTarget | null, reference: string): Promise<Asked> {
  const first = await ask(target, reference);
  if (first.ok || !ASKS_WHO.test(first.said)) return first;
  // A folder of one's own is where docker looks first.
  const command = ["sh", "-c", 'cat "${DOCKER_CONFIG:-$HOME/.docker}/config.json"'];
  const { code, stdout } = await runOn(target, command, { timeoutMs: REGISTRY_MS });
  const who = code === 0 ? loginFor(stdout, reference) : undefined;
  return who === undefined ? first : ask(target, reference, who);
}

async function ask(target: SshTarget | null, reference: string, who?: string): Promise<Asked> {
  // Standard input stays open: an engine gives up what it does for whoever hangs up.
  const input = new PassThrough();
  input.write(requestFor(reference, who));
  const { code, stdout, stderr } = await runOn(target, ["docker", "system", "dial-stdio"], {
    input,
    timeoutMs: REGISTRY_MS,
  });
  if (target !== null && code === 255) throw new UserError(diagnoseSsh(target, stderr));
  if (stdout !== "") return readAnswer(stdout);
  return { ok: false, said: code === null ? `no answer within ${REGISTRY_MS / 1000} s` : lastLine(stderr) };
}

/** The request to Docker's engine. Of HTTP/1.0, so that the answer ends with its connection and comes in one piece. Pure. */
export function requestFor(reference: string, who?: string): string {
  const path = reference.split("/").map(encodeURIComponent).join("/");
  const lines = [`GET /distribution/${path}/json HTTP/1.0`, "Host: docker"];
  return `${[...lines, ...(who === undefined ? [] : [`X-Registry-Auth: ${who}`])].join("\r\n")}\r\n\r\n`;
}

/** Reads an engine's whole HTTP answer. Pure. */
export function readAnswer(text: string): Asked {
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(text)?.[1]);
  const at = text.indexOf("\r\n\r\n");
  let told: unknown;
  try {
    told = JSON.parse(at < 0 ? "" : text.slice(at + 4));
  } catch {
    // Its first line is shown instead.
  }
  const found = Distribution.safeParse(told);
  if (status === 200 && found.success) {
    const { Descriptor, Platforms } = found.data;
    const names = (Platforms ?? []).slice(0, MOST_PLATFORMS).map(({ os, architecture }) => `${os}/${architecture}`);
    // What is signed or listed beside the builds has no platform.
    const platforms = [...new Set(names)].filter((name) => !/unknown|^\/|\/$/.test(name));
    return { ok: true, image: { digest: Descriptor.digest, platforms } };
  }
  const { data: refusal } = Refusal.safeParse(told);
  return {
    ok: false,
    said: lastLine(refusal?.message ?? "") || `the engine answers: ${nameOf(text.split("\n", 1)[0] ?? "")}`,
  };
}

const Config = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
});

/** Docker Hub's name in docker's config. */
const HUB = "https://index.docker.io/v1/";

/**
 * The header by which an engine shows a registry who asks, from docker's own config file (`docker login`); undefined if it has
 * no login there, or keeps it elsewhere. Secret. Pure.
 */
export function loginFor(config: string, reference: string): string | undefined {
  let told: unknown;
  try {
    told = JSON.parse(config);
  } catch {
    return undefined;
  }
  const { auths = {} } = Config.safeParse(told).data ?? {};
  const [first = "", ...rest] = reference.split("/");
  const registry = rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : HUB;
  const entry = [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`]
    .map((name) => (Object.hasOwn(auths, name) ? auths[name] : undefined))
    .find((one) => one !== undefined);
  // With a credential helper an entry says no more than that there is a login.
  if (entry === undefined || (!entry.auth && !entry.identitytoken)) return undefined;
  const [username, ...password] = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  const who =
    entry.identitytoken === undefined
      ? { username, password: password.join(":") }
      : { identitytoken: entry.identitytoken };
  return Buffer.from(JSON.stringify({ ...who, serveraddress: registry })).toString("base64url");
}
