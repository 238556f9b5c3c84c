import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../lib/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { tryRun } from "../run.ts";
import { parseDeb822Sources, parseOneLineSources, type AptSource } from "./sources.ts";

/** What the machine has set so that packages can be fetched: a root that is built here needs the same. */
export interface MachineSettings {
  /** Lines for an apt configuration file: proxies, certificates, time-outs. */
  readonly aptConfig: string;
  /** The bundle of certificate authorities that the machine trusts, where there is one. */
  readonly caBundle: string | undefined;
  /** Proxy and pip variables; paths of the CA bundle are replaced by the place it has inside a chroot. */
  readonly env: Readonly<Record<string, string>>;
}

/** Where the machine's CA bundle and apt configuration are seen while a program runs in a chroot. */
export const CHROOT_SETTINGS = "/run/lathe";
const CHROOT_CA = `${CHROOT_SETTINGS}/ca.crt`;

const CA_VARIABLES = ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"] as const;
const CA_PLACES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** Reads the machine's settings for fetching packages. */
export async function machineSettings(): Promise<MachineSettings> {
  const caBundle = await firstExisting([...CA_VARIABLES.map((name) => process.env[name]), ...CA_PLACES]);
  const [apt, pip] = await Promise.all([
    tryRun(["apt-config", "dump"]),
    tryRun(["python3", "-m", "pip", "config", "list"]),
  ]);
  return {
    aptConfig: aptNetworkConfig(apt.stdout, caBundle === undefined ? undefined : CHROOT_CA),
    caBundle,
    env: fetchEnvironment(
      process.env,
      pip.exitCode === 0 ? pip.stdout : "",
      caBundle === undefined ? undefined : CHROOT_CA,
    ),
  };
}

/**
 * Of `apt-config dump`, the lines that decide how packages are fetched (not those that name folders of the machine).
 *
 * @param caPath where the machine's CA bundle is seen inside the chroot, if there is one
 */
export function aptNetworkConfig(dump: string, caPath?: string): string {
  const wanted =
    /^Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv4|ForceIPv6|Queue-Mode)\b.* ".+";$/;
  const local = /::(CaInfo|CaPath|SslCert|SslKey|Proxy-Auto-Detect|ProxyAutoDetect)\b/i;
  const lines = dump.split("\n").filter((line) => wanted.test(line) && !local.test(line));
  if (caPath !== undefined) lines.push(`Acquire::https::CaInfo "${caPath}";`);
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * The variables that a program in a chroot needs to fetch as the machine does: proxies, and pip's settings from its
 * files and variables alike, as `pip config list` prints them (`global.index-url='…'`).
 */
export function fetchEnvironment(
  env: NodeJS.ProcessEnv,
  pipConfigList: string,
  caPath?: string,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && /^((https?|ftp|no|all)_proxy|PIP_.*)$/i.test(name)) result[name] = value;
  }
  for (const line of pipConfigList.split("\n")) {
    const match = /^(?:global|install|download|wheel)\.([a-z-]+)='(.*)'$/.exec(line.trim());
    const name = `PIP_${(match?.[1] ?? "").replaceAll("-", "_").toUpperCase()}`;
    if (match !== null && result[name] === undefined) result[name] = (match[2] ?? "").replaceAll("\\n", " ").trim();
  }
  if (caPath !== undefined) for (const name of CA_VARIABLES) result[name] = caPath;
  return result;
}

/** The machine's apt sources, of both formats; `mirror+file:` lists are replaced by their first mirror. */
export async function machineSources(etcApt = "/etc/apt"): Promise<AptSource[]> {
  const parts = await readdir(join(etcApt, "sources.list.d")).catch(() => []);
  const files = ["sources.list", ...parts.sort().map((name) => join("sources.list.d", name))];
  const found: AptSource[] = [];
  for (const file of files) {
    const text = await readFile(join(etcApt, file), "utf8").catch(() => "");
    if (file.endsWith(".list")) found.push(...parseOneLineSources(text));
    else if (file.endsWith(".sources")) found.push(...parseDeb822Sources(text));
  }
  return Promise.all(found.map(async (s) => ({ ...s, uris: await Promise.all(s.uris.map(resolveMirror)) })));
}

/** Codename of the release that this machine runs: `bookworm`, `jammy`. */
export async function machineCodename(osRelease = "/etc/os-release"): Promise<string> {
  const text = await readFile(osRelease, "utf8").catch(() => "");
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1];
  if (codename !== undefined && (await exists("/etc/apt"))) return codename;
  throw new UserError({
    what: `${osRelease}: ${text === "" ? "not readable" : "names no Debian or Ubuntu release"}`,
    expected: "a Debian or Ubuntu machine: the lab's hosts are made from its own packages",
  });
}

async function resolveMirror(uri: string): Promise<string> {
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  if (list === undefined) return uri;
  const text = await readFile(list, "utf8").catch(() => "");
  const first = text.split("\n").find((line) => /^\s*https?:/.test(line));
  return first?.trim().split(/\s+/)[0] ?? uri;
}

async function firstExisting(paths: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const path of paths) if (path !== undefined && (await exists(path))) return path;
  return undefined;
}
