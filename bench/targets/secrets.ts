import { StackSecrets, type ServerSecrets } from "../../infra/outputs-access.ts";
import type { Deployment } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import type { Cell } from "../matrix/cell.ts";
import type { Security } from "../../clients/security.ts";
import type { PulumiCli } from "./deployments.ts";

/** The secrets of protected servers by role: in memory only. */
export type SecretsByRole = ReadonlyMap<string, ServerSecrets>;

type Access = NonNullable<Deployment["access"]>;

const hasSecrets = (access: Access | undefined) => access?.tls === "mutual" || access?.rest === "token";

/**
 * Asks Pulumi for what clients of protected servers need. Nothing is asked where no server has a secret.
 *
 * @param pulumi null where the deployments came from files, which hold no secrets
 * @throws UserError where a server has secrets that cannot be had
 */
export async function readSecrets(
  deployments: readonly Deployment[],
  pulumi: () => Promise<PulumiCli> | null,
): Promise<SecretsByRole> {
  const found = new Map<string, ServerSecrets>();
  for (const { role, access } of deployments) {
    if (access === undefined || !hasSecrets(access)) continue;
    const cli = pulumi();
    if (cli === null)
      throw new UserError({
        what: `the server of "${role}" asks for a ${access.tls === "mutual" ? "key" : "token"}, which files of outputs do not hold`,
        fix: `measure it by its stack: npm run bench -- --stack ${access.stack}`,
      });
    const printed = (await cli)([
      "stack",
      "output",
      "latheSecrets",
      "--show-secrets",
      "--json",
      "--stack",
      access.stack,
    ]);
    const own = StackSecrets.safeParse(JSON.parse(printed)).data?.servers.find((s) => s.role === role);
    if (own === undefined)
      throw new UserError({
        what: `stack "${access.stack}": its output latheSecrets has nothing for "${role}"`,
        fix: `npm run pulumi -- up --stack ${access.stack}`,
      });
    found.set(role, own);
  }
  return found;
}

/** What a client of a server's port needs; undefined where it is in the clear. Pure. */
export function securityOf(
  { role, access }: Deployment,
  protocol: Cell["protocol"],
  secrets: SecretsByRole,
): Security | undefined {
  if (access?.ca === undefined || access.serverName === undefined) return undefined;
  const { ca, serverName, tls, rest } = access;
  const own = secrets.get(role);
  if (protocol === "rest") return rest === "token" ? { ca, serverName, ...(own && { token: own.token }) } : undefined;
  if (tls === "off") return undefined;
  return { ca, serverName, ...(tls === "mutual" && own ? { cert: own.clientCert, key: own.clientKey } : {}) };
}

/** The cells whose server answers their protocol at all, and a note on those left out. Pure. */
export function withoutClosed(
  cells: readonly Cell[],
  deployments: readonly Deployment[],
): { cells: Cell[]; notes: string[] } {
  const closed = new Set(deployments.filter((d) => d.access?.rest === "off").map((d) => d.role));
  const left = cells.filter((cell) => cell.protocol !== "rest" || !closed.has(cell.serverRole));
  const roles = [...closed].filter((role) => cells.some((c) => c.protocol === "rest" && c.serverRole === role));
  return {
    cells: left,
    notes: roles.map((role) => `${role} has no REST (lathe:rest off): its ${cellsOf(role, cells)} are left out`),
  };
}

function cellsOf(role: string, cells: readonly Cell[]): string {
  return `${cells.filter((c) => c.protocol === "rest" && c.serverRole === role).length} REST cells`;
}

/** What protection adds to the times that are measured. Pure. */
export function accessRemarks(deployments: readonly Deployment[]): string[] {
  const roles = (holds: (access: Access) => boolean) =>
    deployments.filter((d) => d.access !== undefined && holds(d.access)).map((d) => d.role);
  const remark = (names: readonly string[], text: string) =>
    names.length === 0 ? [] : [`${names.join(", ")}: ${text}`];
  return [
    ...remark(
      roles((a) => a.tls === "server"),
      "gRPC is encrypted (TLS); its times contain the encryption, the paper's do not.",
    ),
    ...remark(
      roles((a) => a.tls === "mutual"),
      "gRPC is encrypted and asks clients for a certificate (mutual TLS); its times contain the encryption, the paper's do not.",
    ),
    ...remark(
      roles((a) => a.rest === "token"),
      "REST comes through a TLS proxy that asks for a token; its times contain the proxy and the encryption, the paper's do not.",
    ),
    ...remark(
      roles((a) => a.expose === "tunnel"),
      "reached from other machines by SSH tunnels through the machine that ran the bench: the times of remote cells contain " +
        "two SSH connections and that detour, not the network between the two machines. Local cells are not touched by it.",
    ),
  ];
}
