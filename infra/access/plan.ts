import { UserError } from "../../lib/errors.ts";
import { bindAddresses, isOpenOutside } from "./bind.ts";
import type { AccessConfig } from "../config/access.ts";
import { networkName, chainName } from "./firewall-rules.ts";
import { planGuard, type Guard } from "./guard.ts";
import type { HostLogin } from "../hosts/login.ts";

/** Who a container runs as where the SSH user is root: the number that images without users of their own agree on. */
const NOBODY = 65532;

/** Who may reach one server, and as whom it runs: plain values, decided before any resource exists. */
export interface ServerAccess {
  readonly config: AccessConfig;
  /** The host's own addresses that its ports are bound to. */
  readonly bind: readonly string[];
  /** The same for REST's proxy, which is another container. */
  readonly proxyBind: readonly string[];
  /** The container's user; null: its image's own. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** REST's proxy's user: its image's own could not read the secrets that the SSH user writes. */
  readonly proxyUser: { readonly uid: number; readonly gid: number };
  /** Addresses and networks that the host's firewall lets in; empty: it has no rule, or nobody comes from outside. */
  readonly allow: readonly string[];
  /** Whether it has rules for the server, which then has a network of its own and does not start before they are set. */
  readonly guard: Guard;
  /** The host's boot that the firewall's rules are of. */
  readonly boot: string;
}

/** What a server's access follows from. */
export interface AccessSources {
  readonly config: AccessConfig;
  readonly address: string;
  /** The addresses behind that name, as this machine resolves it. */
  readonly resolved: readonly string[];
  readonly login: HostLogin;
  /** The container's name. */
  readonly container: string;
  /** What the config's list stands for. */
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
 * @throws UserError where the host has no address to bind to, or the container could not read its secrets
 */
export function planAccess(sources: AccessSources): ServerAccess {
  const { config, address, resolved, login, container, allowed, owner, engine } = sources;
  const { firewall, boot } = login;
  const unprivileged = login.uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid: login.uid, gid: login.gid };
  const user = config.user === "image" ? null : unprivileged;
  if (user === null && login.uid !== 0 && needsCredentials(config)) {
    throw new UserError({
      what: "lathe:user: image, but the image's user could not read the secrets that the SSH user writes",
      expected: "a container of the SSH user's own number",
      fix: "pulumi config rm lathe:user",
    });
  }
  const bind = bindAddresses({ expose: config.expose, address, resolved, login });
  return {
    config,
    bind: inOrderOf(login.published[container] ?? [], bind),
    proxyBind: inOrderOf(login.published[proxyContainer(container)] ?? [], bind),
    user,
    proxyUser: unprivileged,
    allow: isOpenOutside(bind) ? allowed : [],
    guard: planGuard({
      ...{ config, bind, engine, firewall, boot, container },
      chain: chainName(networkName(owner, container)),
    }),
    boot,
  };
}

/**
 * Docker tells a port's addresses in an order of its own, which differs between its versions, and its provider takes
 * another order for another container: so they are asked for as they are told. (kreuzwerker/terraform-provider-docker:
 * `ports` is a list, and read back as Docker has it.)
 */
function inOrderOf(told: readonly string[], bind: readonly string[]): readonly string[] {
  const same = told.length === bind.length && bind.every((ip) => told.includes(ip));
  return same ? told : bind;
}

/** The name of the container of a server's REST proxy. */
export function proxyContainer(server: string): string {
  return `${server}-rest`;
}

/** Whether a server has a Docker network of its own: one that not everyone may reach. */
export function hasOwnNetwork({ guard, config }: Pick<ServerAccess, "guard" | "config">): boolean {
  return guard.setting !== null || config.rest === "token";
}

/** Whether a server has keys or a token of its own. */
export function needsCredentials({ tls, rest }: Pick<AccessConfig, "tls" | "rest">): boolean {
  return tls !== "off" || rest === "token";
}
