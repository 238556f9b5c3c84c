import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** What a scripted server is told. */
export interface Script {
  /** How long it works at the first call, the second, and so on in the order in which they arrive, milliseconds; then from the start again. */
  readonly serviceMs: readonly number[];
  /** So many calls at a time; others wait, first come, first served. */
  readonly servers: number;
}

/** When a scripted server had a call, and when it was through with it: milliseconds of its own clock. */
export interface Served {
  readonly arrivedMs: number;
  /** By the script. */
  readonly dueMs: number;
  /** When the answer was really handed to the kernel. */
  readonly endedMs: number;
}

/** A server in a process of its own, whose service times are scripted. */
export interface ScriptedServer {
  readonly port: number;
  /** Begins a script, and forgets the one before. No call may be under way. */
  follow(script: Script): Promise<void>;
  /** What it did since the script began. */
  served(): Promise<readonly Served[]>;
  close(): void;
}

/** What its process hears. */
export type Told = { readonly script: Script } | { readonly served: true };

/** Starts one on loopback: gRPC as TF Serving's (any request, an empty answer), or plain REST over HTTP/1.1. */
export async function scriptedServer(protocol: "grpc" | "rest"): Promise<ScriptedServer> {
  const child = fork(join(import.meta.dirname, "scripted-server-main.ts"), [protocol]);
  const heard = async () => {
    const gone = new AbortController();
    const left = () => gone.abort(new Error("the scripted server ended"));
    child.once("exit", left);
    try {
      return ((await once(child, "message", { signal: gone.signal })) as unknown[])[0];
    } finally {
      child.off("exit", left);
    }
  };
  const tell = (told: Told) => {
    const answer = heard();
    child.send(told);
    return answer;
  };
  const port = (await heard()) as number;
  return {
    port,
    follow: async (script) => void (await tell({ script })),
    served: async () => (await tell({ served: true })) as readonly Served[],
    close: () => void child.kill(),
  };
}
