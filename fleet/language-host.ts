import { createRequire } from "node:module";
import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import type { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import { messageOf } from "../lib/errors.ts";

/*
 * The programs of many stacks in one process. `pulumi up` starts a language host for each stack, which starts a Node,
 * which loads Pulumi's SDK: half a second of a processor before the program begins. An engine can instead be told where a
 * language host already listens (`--client`, which Pulumi's Automation API uses), and here is one for all engines.
 *
 * It is written anew because the Automation API's own one gives every stack's unhandled rejection to all stacks that run
 * at the time: where one failed, the others would too. Here a fault is its own stack's, by the async context it arose in.
 */

/** What of Pulumi's SDK is needed and has no public types (@pulumi/pulumi 3.259.0, runtime/ and proto/). */
interface Internals {
  readonly state: {
    withLocalStorage(body: () => Promise<void>): Promise<void>;
    getLocalStore(): Store | undefined;
  };
  readonly settings: {
    resetOptions(
      project: string,
      stack: string,
      parallel: number,
      engine: string,
      monitor: string,
      preview: boolean,
      organization: string,
    ): void;
    disconnect(signalShutdown: boolean): Promise<void>;
  };
  readonly config: { setAllConfig(config: Record<string, string>, secretKeys: readonly string[]): void };
  readonly stack: { runInPulumiStack(program: () => Promise<unknown>): Promise<unknown> };
  readonly errors: { isGrpcError(error: unknown): boolean };
  readonly log: { hasErrors(): boolean };
  readonly services: { LanguageRuntimeService: grpc.ServiceDefinition };
  readonly messages: {
    RunResponse: new () => RunResponse;
    GetRequiredPluginsResponse: new () => object;
  };
  readonly plugins: { PluginInfo: new () => { setVersion(version: string): void } };
}

interface Store {
  readonly settings: { readonly options: { rootDirectory: string } };
}

/** A language host in this process. */
export interface InlineHost {
  /** For `pulumi up --client`. */
  readonly address: string;
  close(): void;
}

/** Starts the language host; every stack that an engine brings to it runs `program`. */
export async function inlineHost(program: () => Promise<unknown>): Promise<InlineHost> {
  const sdk = internals();
  /** Faults of the stacks that run, which nobody waited for. */
  const faults = new Map<Store, Set<unknown>>();
  const onFault = (error: unknown) => {
    const store = sdk.state.getLocalStore();
    const own = store === undefined ? undefined : faults.get(store);
    // Of no stack: as if this handler were not there.
    if (own === undefined) throw error;
    if (own.has(error)) return;
    own.add(error);
    tell(sdk, error);
  };
  const run = (call: { request: RunRequest }, callback: (error: null, response: RunResponse) => void) =>
    void sdk.state.withLocalStorage(async () => {
      const own = new Set<unknown>();
      const store = sdk.state.getLocalStore();
      if (store !== undefined) faults.set(store, own);
      let failed = false;
      try {
        begin(sdk, call.request);
        await sdk.stack.runInPulumiStack(program);
        await sdk.settings.disconnect(true);
      } catch (error) {
        failed = true;
        await sdk.settings.disconnect(false).catch(() => {});
        if (!own.has(error)) tell(sdk, error);
      }
      const response = new sdk.messages.RunResponse();
      // It was told already: the engine need not say more than that the program failed.
      if (failed || own.size > 0 || sdk.log.hasErrors()) response.setBail(true);
      callback(null, response);
    });
  const server = new grpc.Server();
  server.addService(sdk.services.LanguageRuntimeService, {
    run,
    // What the program needs is loaded with this process.
    getRequiredPlugins: (_call: unknown, callback: grpc.sendUnaryData<object>) =>
      callback(null, new sdk.messages.GetRequiredPluginsResponse()),
    getPluginInfo: (_call: unknown, callback: grpc.sendUnaryData<object>) => {
      const info = new sdk.plugins.PluginInfo();
      info.setVersion("1.0.0");
      callback(null, info);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  process.on("unhandledRejection", onFault);
  return {
    address: `127.0.0.1:${port}`,
    close() {
      server.forceShutdown();
      process.off("unhandledRejection", onFault);
    },
  };
}

/** Makes the async context that of a stack, as the engine describes it. */
function begin(sdk: Internals, request: RunRequest): void {
  const engine = request.getArgsList()[0] ?? "";
  sdk.settings.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    engine,
    request.getMonitorAddress(),
    request.getDryrun(),
    request.getOrganization(),
  );
  const store = sdk.state.getLocalStore();
  const root = request.getInfo()?.getRootDirectory();
  if (store !== undefined && root !== undefined) store.settings.options.rootDirectory = root;
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => (config[key] = value));
  sdk.config.setAllConfig(config, request.getConfigsecretkeysList());
}

/** Tells the engine of a fault, in the words that `pulumi up` would have for it. */
function tell(sdk: Internals, error: unknown): void {
  // The engine knows why it closed a connection.
  if (sdk.errors.isGrpcError(error)) return;
  const words = pulumi.RunError.isInstance(error) ? error.message : `Unhandled exception: ${traceOf(error)}`;
  void pulumi.log.error(words).catch(() => {});
}

function traceOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? messageOf(error);
}

function internals(): Internals {
  const load = createRequire(import.meta.url);
  const of = (path: string): unknown => load(`@pulumi/pulumi/${path}.js`);
  return {
    state: of("runtime/state"),
    settings: of("runtime/settings"),
    config: of("runtime/config"),
    stack: of("runtime/stack"),
    errors: of("errors"),
    log: of("log/index"),
    services: of("proto/language_grpc_pb"),
    messages: of("proto/language_pb"),
    plugins: of("proto/plugin_pb"),
  } as Internals;
}
