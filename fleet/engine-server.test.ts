import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import engine from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages, { type LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import events from "@pulumi/pulumi/proto/events_grpc_pb.js";
import eventMessages from "@pulumi/pulumi/proto/events_pb.js";
import language from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languageMessages, { type RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import monitor from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resources, { type RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { serveEngine, type EngineServer } from "./engine-server.ts";
import { languageHost, type LanguageHost } from "./language-host.ts";

/* What an engine reaches of this process; gRPC clients stand in for engines. */

/** On a machine that is busy with something else. */
const SOON = { timeout: 20_000 };
const { LogSeverity } = engineMessages;
const INSECURE = grpc.credentials.createInsecure();
let dir: string;
let socket: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-engine-server-"));
  socket = join(dir, "engine");
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("an engine's events", () => {
  test("arrive as they come, and it is answered when the last one was taken", async () => {
    const heard: string[] = [];
    const server = await serveEngine(socket, (json) => heard.push(json), undefined);
    expect(server.args).toEqual(["--event-log", `tcp://unix:${socket}`]);
    const client = new events.EventsClient(`unix:${socket}`, INSECURE);
    try {
      let stream: grpc.ClientWritableStream<eventMessages.EventRequest> | undefined;
      const answered = new Promise<void>((resolve, reject) => {
        stream = client.streamEvents((error) => (error === null ? resolve() : reject(error)));
      });
      // Larger than what gRPC takes unasked.
      const all = ['{"sequence":1}', JSON.stringify({ text: "x".repeat(5 << 20) })];
      for (const json of all) {
        const request = new eventMessages.EventRequest();
        request.setEvent(json);
        stream?.write(request);
      }
      await expect.poll(() => heard.map((json) => json.length), SOON).toEqual(all.map((json) => json.length));
      stream?.end();
      await answered;
    } finally {
      client.close();
      server.close();
    }
  });
});

describe("the programs of stacks", () => {
  const empty = () => Buffer.alloc(0);
  const others = process.listeners("unhandledRejection");
  let logged: string[];
  let fake: grpc.Server;
  let address: string;
  let host: LanguageHost | undefined;
  let server: EngineServer | undefined;
  beforeEach(async () => {
    // Vitest's own, to which a fault that nobody waits for is one of the test.
    process.removeAllListeners("unhandledRejection");
    logged = [];
    fake = new grpc.Server();
    const answer = (_call: unknown, callback: grpc.sendUnaryData<object | null>) => callback(null, null);
    const { log, setRootResource } = engine.EngineService;
    fake.addService(
      { log: { ...log, responseSerialize: empty }, setRootResource: { ...setRootResource, responseSerialize: empty } },
      {
        log: ({ request }: { request: LogRequest }, callback: grpc.sendUnaryData<null>) => {
          if (request.getSeverity() === LogSeverity.ERROR) logged.push(request.getMessage());
          callback(null, null);
        },
        setRootResource: answer,
      },
    );
    const { supportsFeature, registerResource, registerResourceOutputs, signalAndWaitForShutdown } =
      monitor.ResourceMonitorService;
    fake.addService(
      {
        supportsFeature: { ...supportsFeature, responseSerialize: empty },
        registerResource,
        registerResourceOutputs: { ...registerResourceOutputs, responseSerialize: empty },
        signalAndWaitForShutdown: { ...signalAndWaitForShutdown, responseSerialize: empty },
      },
      {
        supportsFeature: answer,
        registerResource: (
          { request }: { request: RegisterResourceRequest },
          callback: grpc.sendUnaryData<resources.RegisterResourceResponse>,
        ) => {
          const response = new resources.RegisterResourceResponse();
          response.setUrn(`urn:pulumi:s::p::${request.getType()}::${request.getName()}`);
          callback(null, response);
        },
        registerResourceOutputs: answer,
        signalAndWaitForShutdown: answer,
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      fake.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    address = `127.0.0.1:${port}`;
  });
  afterEach(() => {
    server?.close();
    host?.close();
    fake.forceShutdown();
    for (const listener of others) process.on("unhandledRejection", listener);
  });

  /** Has a stack's program run, as its engine does. */
  function run(stack: string): Promise<RunResponse> {
    const request = new languageMessages.RunRequest();
    request.setProject("lathe");
    request.setStack(stack);
    request.setArgsList([address]);
    request.setMonitorAddress(address);
    request.setInfo(new languageMessages.ProgramInfo().setRootDirectory(`/projects/${stack}`));
    request.getConfigMap().set("lathe:host", `${stack}.example`);
    const client = new language.LanguageRuntimeClient(`unix:${socket}`, INSECURE);
    return new Promise<RunResponse>((resolve, reject) => {
      client.run(request, (error, response) => (error === null ? resolve(response) : reject(error)));
    }).finally(() => client.close());
  }

  test("run at once, each with its own config; a fault that nobody waited for is its own stack's", async () => {
    const seen: string[] = [];
    let meet: () => void;
    const all = new Promise<void>((resolve) => (meet = resolve));
    host = languageHost(async () => {
      const stack = pulumi.getStack();
      seen.push(`${stack} ${new pulumi.Config("lathe").get("host")} ${pulumi.runtime.getRootDirectory()}`);
      if (seen.length === 3) meet();
      await all;
      if (stack === "lost") void Promise.reject(new Error("nobody waits for this"));
      if (stack === "refused") throw new pulumi.RunError("lathe:host: not set");
      await new Promise((resolve) => setTimeout(resolve, 100));
      return {};
    });
    server = await serveEngine(socket, () => {}, host);
    expect(server.args.slice(2)).toEqual([`--client=unix:${socket}`, "--exec-kind", "auto.inline"]);
    const ends = await Promise.all(["good", "lost", "refused"].map(run));
    expect(ends.map((end) => end.getBail())).toEqual([false, true, true]);
    const stacks = ["good", "lost", "refused"].map((stack) => `${stack} ${stack}.example /projects/${stack}`);
    expect(seen.sort()).toEqual(stacks);
    expect(logged.sort()).toEqual([
      expect.stringMatching(/^Unhandled exception: Error: nobody waits for this\n +at /),
      "lathe:host: not set",
    ]);
  });
});
