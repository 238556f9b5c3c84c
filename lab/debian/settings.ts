import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { pipSettings } from "../../lib/registry/pypi.ts";
import { tryRun } from "../run.ts";
import { parseDeb822Sources, parseOneLineSources, type AptSource } from "./sources.ts";

/** The folder in a chroot in which a program sees the machine's CA bundle and apt configuration. */
export const CHROOT_SETTINGS = "/run/lathe";
const CHROOT_CA = `${CHROOT_SETTINGS}/ca.crt`;

const CA_VARIABLES = ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"] as const;
const CA_PLACES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** The machine's settings for fetching packages; a root that is built here needs the same. `caBundle` is a path. */
export async function machineSettings() {
  const caBundle = [...CA_VARIABLES.map((name) => process.env[name]), ...CA_PLACES].find(
    (path) => path && existsSync(path),
  );
  const caPath = caBundle === undefined ? undefined : CHROOT_CA;
  const [apt, pip] = await Promise.all([tryRun(["apt-config", "dump"]), pipSettings()]);
  return { aptConfig: aptNetworkConfig(apt.stdout, caPath), caBundle, env: fetchEnvironment(process.env, pip, caPath) };
}

/** The lines about fetching of `apt-config dump`. @param caPath the machine's CA bundle as a chroot sees it */
export function aptNetworkConfig(dump: string, caPath?: string): string {
  const wanted =
    /^Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv4|ForceIPv6|Queue-Mode)\b.* ".+";$/;
  const local = /::(CaInfo|CaPath|SslCert|SslKey|Proxy-Auto-Detect|ProxyAutoDetect)\b/i;
  const lines = dump.split("\n").filter((line) => wanted.test(line) && !local.test(line));
  if (caPath !== undefined) lines.push(`Acquire::https::CaInfo "${caPath}";`);
  return lines.map((line) => `${line}\n`).join("");
}

/** The variables with which a program in a chroot fetches as the machine does: proxies, pip's settings, CA bundle. */
export function fetchEnvironment(
  env: NodeJS.ProcessEnv,
  pip: Readonly<Record<string, string>>,
  caPath?: string,
): Record<string, string> {
  const proxies = Object.entries(env).filter(([name]) => /^(https?|ftp|no|all)_proxy$/i.test(name));
  const ca = caPath === undefined ? [] : CA_VARIABLES.map((name) => [name, caPath]);
  return Object.fromEntries([...proxies, ...Object.entries(pip), ...ca]) as Record<string, string>;
}

/** The machine's apt sources, in both formats. In place of a `mirror+file:` list stands its first mirror. */
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
  if (codename !== undefined && existsSync("/etc/apt")) return codename;
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
