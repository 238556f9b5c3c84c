import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ProgramName } from "../host-programs/registry.ts";

/** One of Lathe's own programs under `infra/host-programs/`, as a resource. */
export interface HostCommandArgs {
  readonly program: ProgramName;
  /** Its input, as JSON on standard input. It lands in the stack's state: a secret must be marked as one. */
  readonly spec: pulumi.Input<object>;
  /** Values whose change makes a new resource; every other change of the spec runs the program again in place. */
  readonly triggers?: readonly pulumi.Input<string | number>[];
  /** Whether there is something to undo on destroy. Default: yes. */
  readonly undo?: boolean;
}

/**
 * A program of Lathe's on the machine that runs Pulumi; `create` and `update` are the same, idempotent operation. The engine
 * starts plugins in `stacks/`: paths relative to it are the same in every checkout. node_modules/.bin has the Node that strips
 * types. run.ts decides in which process the program runs.
 */
export function hostCommand(
  name: string,
  { program, spec, triggers = [], undo = true }: HostCommandArgs,
  options: pulumi.CustomResourceOptions,
): local.Command {
  const run = (action: string) =>
    `PATH="$(cd .. && pwd -P)/node_modules/.bin:$PATH" exec node ../infra/host-programs/run.ts ${program} ${action}`;
  return new local.Command(
    name,
    {
      create: run("create"),
      ...(undo ? { delete: run("delete") } : {}),
      stdin: pulumi.output(spec).apply((value) => JSON.stringify(value)),
      triggers: [...triggers],
      // No `logging`: the provider that can be built from source (see toolchain/) does not know it.
    },
    options,
  );
}
