import { AsyncLocalStorage } from "node:async_hooks";
import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import runtimeState from "@pulumi/pulumi/runtime/state.js";
import { messageOf } from "../lib/errors.ts";

/*
 * The programs of many stacks in one process. `pulumi up` starts a language host for each stack, which starts a Node,
 * which loads Pulumi's SDK: 1.5 s of a processor before the program begins. An engine can instead be told where a
 * language host already listens (`--client`, as Pulumi's Automation API does), and this is one for all engines.
 *
 * The Automation API itself starts four more engines for each stack (select, outputs twice, history), listens on loopback to
 * every user of the machine, and gives one stack's unhandled rejection to all stacks that run at the time: where one
 * failed, the others would too. Here a fault is its own stack's, by the async context it arose in.
 */

/** The one part of the SDK without public types that is needed (@pulumi/pulumi 3.259.0): a state of its own for each stack. */
const state = runtimeState as unknown as {
  withLocalStorage(body: () => Promise<void>): Promise<void>;
  getLocalStore(): { readonly settings: { readonly options: { rootDirectory?: string } } } | undefined;
};

/** A language host in this process. */
export interface LanguageHost {
  /** Of Pulumi's `LanguageRuntime` service. */
  readonly methods: grpc.UntypedServiceImplementation;
  close(): void;
}

/** A language host that runs `program` for every stack that an engine brings to it. */
export function languageHost(program: () => Promise<unknown>): LanguageHost {
  /** Of the stack that runs: faults that nobody waited for. */
  const faults = new AsyncLocalStorage<Set<unknown>>();
  const onFault = (error: unknown) => {
    const own = faults.getStore();
    // Of no stack: as if this handler were not there.
    if (own === undefined) throw error;
    if (own.has(error)) return;
    own.add(error);
    report(error);
  };
  const run: grpc.handleUnaryCall<RunRequest, unknown> = ({ request }, callback) =>
    void state.withLocalStorage(() => {
      const own = new Set<unknown>();
      return faults.run(own, async () => {
        let failed = false;
        try {
          begin(request);
          await pulumi.runtime.runInPulumiStack(program);
          await pulumi.runtime.disconnect(true);
        } catch (error) {
          failed = true;
          await pulumi.runtime.disconnect(false).catch(() => {});
          if (!own.has(error)) report(error);
        }
        const response = new language.RunResponse();
        // The fault was reported already: the engine need not say more than that the program failed.
        if (failed || own.size > 0 || pulumi.log.hasErrors()) response.setBail(true);
        callback(null, response);
      });
    });
  process.on("unhandledRejection", onFault);
  return {
    methods: { run, getRequiredPlugins, getPluginInfo },
    close: () => void process.off("unhandledRejection", onFault),
  };
}

/** What the program needs is loaded with this process. */
const getRequiredPlugins: grpc.handleUnaryCall<unknown, unknown> = (_call, callback) =>
  callback(null, new language.GetRequiredPluginsResponse());

const getPluginInfo: grpc.handleUnaryCall<unknown, unknown> = (_call, callback) => {
  const info = new plugin.PluginInfo();
  info.setVersion("1.0.0");
  callback(null, info);
};

/** Makes the async context that of a stack, as the engine describes it. */
function begin(request: RunRequest): void {
  pulumi.runtime.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    request.getArgsList()[0] ?? "",
    request.getMonitorAddress(),
    request.getDryrun(),
    request.getOrganization(),
  );
  const store = state.getLocalStore();
  const root = request.getInfo()?.getRootDirectory();
  if (store !== undefined && root !== undefined) store.settings.options.rootDirectory = root;
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => (config[key] = value));
  pulumi.runtime.setAllConfig(config, request.getConfigsecretkeysList());
}

/** Reports a fault to the engine, in the words that `pulumi up` would have for it. */
function report(error: unknown): void {
  // The engine closed a connection, and knows why.
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === grpc.status.UNAVAILABLE || code === grpc.status.CANCELLED) return;
  const words = pulumi.RunError.isInstance(error) ? error.message : `Unhandled exception: ${traceOf(error)}`;
  void pulumi.log.error(words).catch(() => {});
}

function traceOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? messageOf(error);
}
