import { clientKind } from "../../clients/registry.ts";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { UserError } from "../../lib/errors.ts";
import type { GateAccess, GateSpec } from "../host-programs/specs.ts";

const TIMEOUT_MS = 10_000;

/**
 * A locked door is tried, too: a server that asks for a certificate or a token must refuse a client that has none.
 *
 * @throws UserError where it lets one in
 */
export async function refusesStrangers(spec: GateSpec, access: GateAccess): Promise<void> {
  const { grpc, rest } = access.security;
  const letIn = (port: number, whom: string) =>
    new UserError({
      what: `the server at ${spec.address}:${port} answers ${whom}`,
      expected: "a refusal",
      fix: "the image does not act on what it is told (lathe:tls, lathe:rest): use another, or lathe:expose tunnel",
    });
  if (grpc !== undefined) {
    const { cert: _cert, key: _key, ...without } = grpc;
    const strangers = access.tls === "mutual" ? [undefined, without] : [undefined];
    for (const security of strangers) {
      const client = clientKind("probe").create(spec.address, spec.grpcPort, security);
      const opened = await client.open(TIMEOUT_MS).then(
        () => true,
        () => false,
      );
      await client.close();
      if (opened)
        throw letIn(spec.grpcPort, security === undefined ? "in the clear" : "a client without a certificate");
    }
  }
  if (rest?.token !== undefined) {
    const { token: _token, ...without } = rest;
    const query = { protocol: "rest", address: spec.address, port: spec.restPort, timeoutMs: TIMEOUT_MS } as const;
    for (const security of [undefined, without, { ...without, token: "none" }]) {
      const asked = await modelStatus({ ...query, model: spec.models[0]?.name ?? "", security });
      if (asked.ok) throw letIn(spec.restPort, "a client without the token");
    }
  }
}
