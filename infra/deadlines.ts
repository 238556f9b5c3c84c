/*
 * How long Lathe waits for a machine before it says that something is wrong: every limit of the deploying side, as
 * docs/faults.md shows them to users. Those of a measured call are in bench/deadlines.ts.
 */

/** Seconds to wait for a TCP connection to a host and sshd's greeting. */
export const CONNECT_SECONDS = 10;
/** An SSH connection whose host says nothing at all is given up after `ALIVE_SECONDS * ALIVE_COUNT` seconds. */
export const ALIVE_SECONDS = 5;
export const ALIVE_COUNT = 3;
/** Milliseconds for a command on a host that takes a moment where all is well: look, remove, rename, restart. */
export const COMMAND_MS = 60_000;
/** Milliseconds for a command on a host that works through a whole model or image: check, unpack, remove. */
export const BULK_MS = 300_000;
/** Milliseconds in which a transfer to a host must move at least a byte. */
export const STALL_MS = 60_000;
/** Seconds for Docker's engine to say its version, before it counts as one that does not answer. */
export const ENGINE_SECONDS = 20;
/** Seconds that a container has to end its requests before it is killed. */
export const GRACE_SECONDS = 20;
/** How long the Docker provider may take for a container: made and started, or stopped (20 s of grace) and removed. */
export const CONTAINER_TIMEOUT = "3m";
/** Milliseconds for an engine to pull an image. */
export const PULL_MS = 1_800_000;
/** How often a connection that sshd dropped at its greeting (MaxStartups) is tried again, and after how long at least. */
export const GREETING_RETRIES = 6;
export const GREETING_RETRY_MS = 250;
/** Milliseconds for a registry to say, asked by an engine, which image a tag stands for. */
export const REGISTRY_MS = 60_000;
/** How often a pull is tried again where the engine went away under it and came back, and after how long. */
export const PULL_RETRIES = 3;
export const PULL_RETRY_MS = 3_000;
/** Milliseconds for a `pulumi` that asks or sets something: list stacks, read outputs, set config. */
export const PULUMI_QUERY_MS = 120_000;
/** Milliseconds for a whole `pulumi up` or `destroy`: a last resort, for each step on a machine has a limit of its own. */
export const PULUMI_OPERATION_MS = 4 * 3_600_000;
/** Milliseconds that a `pulumi` which was asked to stop has to finish what it has begun, before it is killed. */
export const PULUMI_STOP_MS = 120_000;
