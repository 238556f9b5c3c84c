import { isIPv6 } from "node:net";
import type { SshTarget } from "../target.ts";

/** A destination taken apart. */
export interface Destination {
  /** Empty: whom ssh's config says. */
  readonly user: string;
  /** A name, an address, or a Host of the ssh config; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: string | undefined;
}

/**
 * What OpenSSH makes of a destination: `USER@HOST` as it stands, with the last `@` between them; `ssh://USER@HOST:PORT` with
 * percent-encoded characters. A port without `ssh://` is of ProxyJump alone.
 */
export function parseDestination(text: string, portless = true): Destination {
  const isUrl = text.startsWith("ssh://");
  const rest = isUrl ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  const at = rest.lastIndexOf("@");
  const [user, place] = [rest.slice(0, Math.max(at, 0)), rest.slice(at + 1)];
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(place);
  const named = isUrl || !portless ? /^([^:]*):(\d+)$/.exec(place) : null;
  const [, host = place, port] = bracketed ?? named ?? [];
  const plain = (word: string) => (isUrl ? decoded(word) : word);
  return { user: plain(user), host: plain(host), port };
}

/** A stray `%` stands for itself. */
function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/** As arguments that every OpenSSH takes: some (9.2) refuse an IPv6 address in a URL or in brackets. */
export function sshWords({ user, host, port }: Destination): string[] {
  return [...(port === undefined ? [] : ["-p", port]), user === "" ? host : `${user}@${host}`];
}

/** The destination as every OpenSSH takes it: `ssh://root@[2001:db8::7]:2222` becomes `-p 2222 root@2001:db8::7`. */
export function sshDestination({ destination }: SshTarget): string[] {
  return destination.includes("[") ? sshWords(parseDestination(destination)) : [destination];
}

/**
 * How Docker reaches an engine over SSH: a URL, and options for its ssh. It is stricter than ssh: an IPv6 address stands in brackets. A
 * user whose name is more than letters, digits and `._-` (`CORP\alice`, `alice@corp.example`) is an option: Docker quotes the user of
 * a URL for a shell, starts ssh without one (cli 28), and ssh refuses the quotes.
 */
export function dockerHost({ destination }: SshTarget): { readonly url: string; readonly options: readonly string[] } {
  const { user, host, port } = parseDestination(destination);
  const plain = /^[\w.-]*$/.test(user);
  const place = isIPv6(host) ? `[${host.replace("%", "%25")}]` : encodeURIComponent(host);
  const before = plain && user !== "" ? `${user}@` : "";
  return {
    url: `ssh://${before}${place}${port === undefined ? "" : `:${port}`}`,
    options: plain ? [] : ["-l", user],
  };
}
