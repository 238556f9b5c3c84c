import { z } from "zod";
import type { Fault } from "../../lib/errors.ts";
import { lastLine } from "../hosts/bounds.ts";
import { hostName, sshCommand } from "../hosts/connection/diagnose.ts";
import type { SshTarget } from "../hosts/target.ts";

/** The config's key that names an image. */
export const ImageKey = z.enum(["image", "proxyImage"]);
export type ImageKey = z.infer<typeof ImageKey>;

/** An image that a machine's engine cannot get. */
export interface Refused {
  readonly target: SshTarget | null;
  readonly reference: string;
  readonly key: ImageKey;
  /** What docker or the engine said. */
  readonly said: string;
}

/** What a fix may name. */
interface Ways {
  /** The command that must work there, as a person types it here. */
  readonly pull: string;
  /** Commands that name another image. */
  readonly another: string;
}

const PROXY =
  "Environment=HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT in /etc/systemd/system/docker.service.d/proxy.conf";
const RESTART = "sudo systemctl daemon-reload && sudo systemctl restart docker";

/**
 * Why an image is not to be had, by what Docker (20.10 to 29) says for registries and for the way to them. First match wins: what
 * is more special stands first, because many of these texts hold another's words too.
 */
const REASONS: readonly {
  readonly pattern: RegExp;
  /** Follows on the host's name. */
  readonly what: (image: string) => string;
  readonly expected?: string;
  readonly fix: (ways: Ways) => string;
}[] = [
  {
    pattern: /no matching manifest for|no match for platform|does not match the (specified|detected host) platform/i,
    what: (image) => `image ${image} has no build for its processor`,
    expected: "an image with a build for the machine's architecture (uname -m)",
    fix: ({ another }) => `${another}; or deploy to a machine that the image is built for`,
  },
  {
    pattern:
      /layer verification failed|digest mismatch|unexpected commit digest|failed size validation|invalid tar header/i,
    what: (image) =>
      `what arrived of image ${image} is not what its registry names: it was changed or cut short on the way`,
    fix: ({ pull }) => `the same again; if it stays so, look at a proxy or mirror on the way, or at the disk: ${pull}`,
  },
  {
    pattern: /unsupported media type|mediaType in manifest should be|unknown media type|manifest schema|schema ?v?1 /i,
    what: (image) => `its engine does not read the form of image ${image}`,
    expected: "a Docker engine that is as new as the image's form, and no older form than version 2, schema 2",
    fix: ({ another }) => `sudo apt-get update && sudo apt-get install docker.io there, or ${another}`,
  },
  {
    pattern: /proxyconnect|Proxy Authentication Required|\b407\b/i,
    what: (image) => `its engine does not get through the proxy to the registry of ${image}`,
    fix: ({ pull }) => `set its engine's proxy (${PROXY}; ${RESTART}), until this works: ${pull}`,
  },
  {
    pattern: /toomanyrequests|rate limit|\b429\b/i,
    what: (image) => `the registry of ${image} lets this address pull no more for now`,
    fix: ({ pull, another }) =>
      `docker login there (who has logged in may pull more), or wait for some hours, then: ${pull}; or ${another}`,
  },
  {
    pattern: /certificate has expired or is not yet valid/i,
    what: (image) => `to it, the certificate of ${image}'s registry has expired or does not hold yet`,
    fix: ({ pull }) => `look at its clock first (date; sudo timedatectl set-ntp true), then: ${pull}`,
  },
  {
    pattern: /x509:|certificate (signed by|is (not )?valid|verify failed)|failed to verify certificate/i,
    what: (image) => `it does not trust the certificate of ${image}'s registry`,
    fix: ({ pull }) =>
      `put the CA's certificate there (/etc/docker/certs.d/REGISTRY/ca.crt; that of a proxy which opens TLS: /usr/local/share/ca-certificates, sudo update-ca-certificates, ${RESTART}), until this works: ${pull}`,
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    what: (image) => `the registry of ${image} speaks plain HTTP, and its engine insists on TLS`,
    fix: ({ pull }) =>
      `give the registry a certificate; or, in a network that you trust, name it in "insecure-registries" of /etc/docker/daemon.json (${RESTART}), until this works: ${pull}`,
  },
  {
    pattern:
      /manifest unknown|manifest for .* not found|not found: manifest|repository .*not found|name unknown|\b404\b/i,
    what: (image) => `its registry has no image ${image}`,
    expected: "an image and digest that the registry has",
    fix: ({ another }) => `${another}; if its digest is of images.lock.json: npx lathe images --move`,
  },
  {
    pattern:
      /denied|unauthorized|authentication required|no basic auth credentials|incorrect username or password|\b40[13]\b/i,
    what: (image) => `the registry does not let this user pull ${image}, or has no such image`,
    fix: ({ pull, another }) => `docker login there, until this works: ${pull}; or ${another}`,
  },
  {
    pattern: /no such host|server misbehaving|name resolution|lookup \S+( on \S+)?:/i,
    what: (image) => `it does not reach the registry of ${image}: its name is not known there`,
    fix: ({ pull }) =>
      `look at its name server (/etc/resolv.conf, resolvectl query REGISTRY), until this works: ${pull}`,
  },
  {
    pattern: /connection refused/i,
    what: (image) => `it does not reach the registry of ${image}: nobody answers at its port`,
    fix: ({ pull }) => `start the registry, or name its port (REGISTRY:PORT/NAME), until this works: ${pull}`,
  },
  {
    pattern:
      /i\/o timeout|deadline exceeded|Client\.Timeout|handshake timeout|no route to host|network is unreachable|request canceled|dial tcp/i,
    what: (image) => `it does not reach the registry of ${image} in time`,
    fix: ({ pull }) =>
      `look at its way to the Internet (a firewall? a proxy that its engine must use: ${PROXY}; ${RESTART}), until this works: ${pull}`,
  },
  {
    pattern: /unexpected HTTP status|\b50[0234]\b|internal server error|service unavailable|bad gateway/i,
    what: (image) => `the registry of ${image} is in trouble itself`,
    fix: ({ pull }) => `wait some minutes, then: ${pull}`,
  },
  {
    pattern: /invalid reference format|invalid repository name/i,
    what: (image) => `image ${image} has a name that no image can have`,
    expected: "[REGISTRY[:PORT]/]NAME[:TAG] or NAME@sha256:…, in small letters",
    fix: ({ another }) => another,
  },
  {
    pattern: /(lchown|chown) .*(invalid argument|operation not permitted)|insufficient UIDs/i,
    what: (image) => `image ${image} has files of users that its engine, which runs without root, has no numbers for`,
    fix: ({ pull }) => `give its user more of them (/etc/subuid, /etc/subgid), until this works: ${pull}`,
  },
];

/** The host's own faults have words of their own: diagnoseCommand. */
const OF_HOST = /no space left|quota exceeded|read-only file system|docker daemon|docker\.sock/i;

/** Why a machine's engine does not get an image, and what to do; undefined if what it said tells of no such reason. Pure. */
export function imageFault({ target, reference, key, said }: Refused): Fault | undefined {
  const line = lastLine(said);
  if (OF_HOST.test(line)) return undefined;
  const reason = REASONS.find(({ pattern }) => pattern.test(line));
  if (reason === undefined) return undefined;
  const pull = `${target === null ? "" : `${sshCommand(target)} `}docker pull ${reference}`;
  const another = `npx lathe pulumi config set lathe:${key} NAME@sha256:…, or npx lathe pulumi config rm lathe:${key} for ${key === "image" ? "the server kind's own" : "Lathe's own"}`;
  return {
    what: `${hostName(target)}: ${reason.what(reference)} (${line})`,
    ...(reason.expected === undefined ? {} : { expected: reason.expected }),
    fix: reason.fix({ pull, another }),
  };
}
