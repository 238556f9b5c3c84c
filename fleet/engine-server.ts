import * as grpc from "@grpc/grpc-js";
import events from "@pulumi/pulumi/proto/events_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type { EventRequest } from "@pulumi/pulumi/proto/events_pb.js";
import type { LanguageHost } from "./language-host.ts";

/** What one engine reaches of this process. */
export interface EngineServer {
  /** For `pulumi up` and `pulumi destroy`: where it sends its events, and where its program runs. */
  readonly args: readonly string[];
  close(): void;
}

/** An engine's message may hold a whole stack. */
const MESSAGE_BYTES = 400 << 20;

/** The engine streams its events, each as JSON, and waits for an empty answer before it ends. */
const { streamEvents } = events.EventsService;
const EventsService = { streamEvents: { ...streamEvents, responseSerialize: () => Buffer.alloc(0) } };

/**
 * Listens to one engine. Its events come as a stream and not as a file: they hold keys and tokens in the clear.
 *
 * @param socket in a folder that only this user may enter: whoever reaches it may have commands run
 * @param host runs the stack's program; absent: nothing does (`destroy`), or the engine starts its own
 */
export async function serveEngine(
  socket: string,
  onEvent: (json: string) => void,
  host: LanguageHost | undefined,
): Promise<EngineServer> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": MESSAGE_BYTES });
  server.addService(EventsService, {
    streamEvents: (call: grpc.ServerReadableStream<EventRequest, null>, callback: grpc.sendUnaryData<null>) => {
      call.on("data", (request: EventRequest) => onEvent(request.getEvent()));
      call.on("error", () => {});
      call.on("end", () => callback(null, null));
    },
  });
  if (host !== undefined) server.addService(language.LanguageRuntimeService, host.methods);
  const address = `unix:${socket}`;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return {
    args: [
      // `tcp://` tells the engine that what follows is an address of gRPC's and not a file.
      ...["--event-log", `tcp://${address}`],
      ...(host === undefined ? [] : [`--client=${address}`, "--exec-kind", "auto.inline"]),
    ],
    close: () => server.forceShutdown(),
  };
}
