import { GrpcChannel } from "../transport/grpc-channel.ts";
import type { Security } from "../security.ts";
import { decodeRepositoryIndex, type IndexedModel } from "./messages.ts";

const INDEX = "/inference.GRPCInferenceService/RepositoryIndex";

/**
 * The models that a server knows of, served or not, and why not (Triton's extension of the protocol).
 *
 * @throws UserError where there is no connection, StatusError where there is no such answer
 */
export async function repositoryIndex(
  address: string,
  port: number,
  security: Security | undefined,
  timeoutMs: number,
): Promise<IndexedModel[]> {
  const channel = new GrpcChannel(address, port, security);
  try {
    await channel.open(timeoutMs);
    const { body } = await channel.unary(INDEX, { pieces: [], length: 0 }, timeoutMs);
    return decodeRepositoryIndex(body);
  } finally {
    await channel.close();
  }
}
