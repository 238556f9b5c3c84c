import type { Security } from "../../clients/security.ts";
import { protocolTitle } from "../../clients/registry.ts";
import { StackSecrets, type ServerSecrets, type Endpoint, type Server } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import type { PulumiCli } from "./deployments.ts";

/** The secrets of protected servers by the server's id: in memory only. */
export type SecretsByServer = ReadonlyMap<string, ServerSecrets>;

const asks = ({ endpoints }: Server, security: Endpoint["security"]) => endpoints.some((e) => e.security === security);

/**
 * Asks Pulumi for what clients of protected servers need; of outputs from files (`pulumi` is null) it is not known.
 *
 * @throws UserError if a server has secrets that cannot be had
 */
export async function readSecrets(servers: readonly Server[], pulumi: PulumiCli | null): Promise<SecretsByServer> {
  const found = new Map<string, ServerSecrets>();
  for (const server of servers) {
    const { stack } = server.access;
    const secret = asks(server, "mutual-tls") ? "key" : asks(server, "token") ? "token" : undefined;
    if (secret === undefined) continue;
    if (pulumi === null)
      throw new UserError({
        what: `the server "${server.id}" asks for a ${secret}, which files of outputs do not hold`,
        fix: `measure it by its stack: npx lathe bench --stack ${stack}`,
      });
    const printed = await pulumi(["stack", "output", "latheSecrets", "--show-secrets", "--json", "--stack", stack]);
    const own = secretsOf(server, StackSecrets.safeParse(JSON.parse(printed)).data?.servers ?? []);
    if (own === undefined)
      throw new UserError({
        what: `stack "${stack}": its output latheSecrets has nothing for "${server.id}"`,
        fix: `npx lathe up --stack ${stack}`,
      });
    found.set(server.id, own);
  }
  return found;
}

/** A stack calls its only server by the machine, also where several stacks make another id of it (`mergeStacks`). */
function secretsOf({ id, machineId }: Server, secrets: readonly ServerSecrets[]): ServerSecrets | undefined {
  return secrets.find((s) => s.server === id) ?? secrets.find((s) => s.server === machineId);
}

/** What a client of an endpoint needs; undefined if it is in the clear. Pure. */
export function securityOf(server: Server, { security }: Endpoint, secrets: SecretsByServer): Security | undefined {
  const { ca, serverName } = server.access;
  if (security === "none" || ca === undefined || serverName === undefined) return undefined;
  const own = secrets.get(server.id);
  if (security === "token") return { ca, serverName, ...(own && { token: own.token }) };
  return { ca, serverName, ...(security === "mutual-tls" && own && { cert: own.clientCert, key: own.clientKey }) };
}

/** What each protection does to an endpoint: words that follow on its protocol. */
const PROTECTION: Readonly<Record<Exclude<Endpoint["security"], "none">, string>> = {
  tls: "is encrypted (TLS); its times contain the encryption, the paper's do not.",
  "mutual-tls":
    "is encrypted and asks clients for a certificate (mutual TLS); its times contain the encryption, the paper's do not.",
  token:
    "comes through a TLS proxy that asks for a token; its times contain the proxy and the encryption, the paper's do not.",
};

const TUNNEL =
  "reached from other machines by SSH tunnels through the machine that ran the bench: the times of remote cells contain " +
  "two SSH connections and that detour, not the network between the two machines. Local cells are not touched by it.";

/** What protection adds to the times that are measured. Pure. */
export function accessRemarks(servers: readonly Server[]): string[] {
  const said = servers.flatMap(({ id, endpoints, access }) => [
    ...endpoints.flatMap(({ protocol, security }) =>
      security === "none" ? [] : [{ id, text: `${protocolTitle(protocol)} ${PROTECTION[security]}` }],
    ),
    ...(access.expose === "tunnel" ? [{ id, text: TUNNEL }] : []),
  ]);
  return [...Map.groupBy(said, (s) => s.text)].map(([text, own]) => `${own.map((s) => s.id).join(", ")}: ${text}`);
}
