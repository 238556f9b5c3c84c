import { UserError } from "../../lib/errors.ts";
import type { AccessConfig } from "./config.ts";
import type { Endpoint } from "../outputs.ts";
import { bindAddresses, isOpenOutside, type BindSources } from "./bind.ts";
import { chainName, networkName } from "./firewall-rules.ts";
import { planGuard, type Guard } from "./guard.ts";

/** Where a container finds its secrets, each a file that only its own user can read. */
export const SECRETS_PATH = "/run/lathe";

/** Who a container runs as where the SSH user is root: the number that images without users of their own agree on. */
const NOBODY = 65532;

/** An open endpoint of a server that is to be made. */
export interface PlannedEndpoint extends Endpoint {
  /** Inside the container. */
  readonly containerPort: number;
}

/** Who may reach one server, and as whom it runs: plain values, decided before any resource exists. */
export interface ServerAccess {
  readonly config: AccessConfig;
  readonly endpoints: readonly PlannedEndpoint[];
  /** The host's own addresses that its ports are bound to. */
  readonly bind: readonly string[];
  /** The same for the token's proxy, which is another container. */
  readonly proxyBind: readonly string[];
  /** The container's user; null: its image's own. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** The proxy's user: its image's own could not read the secrets that the SSH user writes. */
  readonly proxyUser: { readonly uid: number; readonly gid: number };
  /** Addresses and networks that the host's firewall lets in; empty: it has no rule, or nobody comes from outside. */
  readonly allow: readonly string[];
  /** Whether it has rules for the server, which then has a network of its own and does not start before they are set. */
  readonly guard: Guard;
  /** The host's boot that the firewall's rules are of. */
  readonly boot: string;
}

/** What a server's access follows from. */
export interface AccessSources extends Omit<BindSources, "expose"> {
  readonly config: AccessConfig;
  readonly endpoints: readonly PlannedEndpoint[];
  readonly container: string;
  /** The addresses and networks that `config.allowFrom` stands for. */
  readonly allowed: readonly string[];
  /** `PROJECT/STACK`. */
  readonly owner: string;
  /** The Docker engine's version. */
  readonly engine: string;
}

/**
 * A container without capabilities reads the files of its own user only: so it runs as the SSH user, who writes its
 * secrets. Where that is root, it runs as nobody and the files are handed over to it.
 *
 * @throws UserError if the host has no address to bind to, or the container could not read its secrets
 */
export function planAccess(sources: AccessSources): ServerAccess {
  const { config, endpoints, address, resolved, login, container, allowed, owner, engine } = sources;
  const { firewall, boot } = login;
  const unprivileged = login.uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid: login.uid, gid: login.gid };
  const user = config.user === "image" ? null : unprivileged;
  if (user === null && login.uid !== 0 && needsCredentials(endpoints)) {
    throw new UserError({
      what: "lathe:user: image, but the image's user could not read the secrets that the SSH user writes",
      expected: "a container of the SSH user's own number",
      fix: "npx lathe pulumi config rm lathe:user",
    });
  }
  const bind = bindAddresses({ expose: config.expose, address, resolved, login });
  const chain = chainName(networkName(owner, container));
  return {
    ...{ config, endpoints, boot, user, proxyUser: unprivileged },
    bind: inOrderOf(login.published[container] ?? [], bind),
    proxyBind: inOrderOf(login.published[proxyContainer(container)] ?? [], bind),
    allow: isOpenOutside(bind) ? allowed : [],
    guard: planGuard({ config, bind, engine, firewall, boot, container, chain }),
  };
}

/**
 * Docker reports a port's addresses in an order that differs between its versions, and its provider takes another order for
 * another container: so they are asked for in the order reported. (kreuzwerker/terraform-provider-docker: `ports` is a list,
 * and read back as Docker has it.)
 */
function inOrderOf(reported: readonly string[], bind: readonly string[]): readonly string[] {
  return reported.length === bind.length && bind.every((ip) => reported.includes(ip)) ? reported : bind;
}

/** The name of the container of the proxy before a server's REST endpoint. */
export function proxyContainer(server: string): string {
  return `${server}-rest`;
}

/** Whether a server has a Docker network of its own: one that not everyone may reach. */
export function hasOwnNetwork({ guard, endpoints }: Pick<ServerAccess, "guard" | "endpoints">): boolean {
  return guard.setting !== null || proxied(endpoints) !== undefined;
}

/** The endpoint before which a proxy asks for the token; undefined if none does. Pure. */
export function proxied<E extends Pick<Endpoint, "security">>(endpoints: readonly E[]): E | undefined {
  return endpoints.find(({ security }) => security === "token");
}

/** Whether a server has keys or a token of its own. Pure. */
export function needsCredentials(endpoints: readonly Pick<Endpoint, "security">[]): boolean {
  return endpoints.some(({ security }) => security !== "none");
}
