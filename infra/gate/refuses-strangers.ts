import type { Security } from "../../clients/security.ts";
import { HttpConnection } from "../../clients/transport/http.ts";
import { GrpcChannel } from "../../clients/transport/grpc-channel.ts";
import { UserError } from "../../lib/errors.ts";
import type { GateEndpoint, GateSpec } from "./spec.ts";

const TIMEOUT_MS = 10_000;
/** What Lathe's proxy answers to a client without the token. */
const UNAUTHORIZED = 401;

/**
 * Checks that an endpoint which asks for a certificate or a token refuses a client that has none.
 *
 * @throws UserError if it lets one in
 */
export async function refusesStrangers({ address, endpoints }: GateSpec): Promise<void> {
  for (const endpoint of endpoints) {
    for (const { whom, security } of strangersTo(endpoint)) {
      if (!(await letsIn(address, endpoint, security))) continue;
      throw new UserError({
        what: `the server at ${address}:${endpoint.port} answers ${whom}`,
        expected: "a refusal",
        fix: "the image ignores lathe:tls or lathe:rest: use another image, or lathe:expose tunnel",
      });
    }
  }
}

/** Whom an endpoint must refuse: all who lack what its clients need. Pure. */
export function strangersTo({ security, client }: Pick<GateEndpoint, "security" | "client">) {
  if (security === "none" || client === undefined) return [];
  const { cert: _cert, key: _key, token: _token, ...without } = client;
  const inTheClear = { whom: "in the clear", security: undefined };
  if (security === "tls") return [inTheClear];
  if (security === "mutual-tls") return [inTheClear, { whom: "a client without a certificate", security: without }];
  return [
    inTheClear,
    { whom: "a client without the token", security: without },
    { whom: "a client with another token", security: { ...without, token: "none" } },
  ];
}

/** Whether a client comes as far as that the server speaks its protocol with it. Asks nothing of any API. */
async function letsIn(address: string, { protocol, port }: GateEndpoint, security: Security | undefined) {
  if (protocol === "grpc") {
    const channel = new GrpcChannel(address, port, security);
    const opened = await succeeds(() => channel.open(TIMEOUT_MS));
    await channel.close();
    return opened;
  }
  const connection = new HttpConnection(address, port, security);
  const answered = await succeeds(async () => {
    await connection.open(TIMEOUT_MS);
    const { status } = await connection.exchange("GET", "/", null, TIMEOUT_MS);
    if (status === UNAUTHORIZED) throw new Error("refused");
  });
  await connection.close();
  return answered;
}

function succeeds(body: () => Promise<unknown>): Promise<boolean> {
  return body().then(
    () => true,
    () => false,
  );
}
