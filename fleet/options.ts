import { type Options, jsonOption } from "../lib/cli/spec.ts";
import { list, path, whole } from "../lib/cli/values.ts";

const OPTIONS = {
  stack: {
    ...{ value: "A,B", read: list, completes: "stacks" },
    help: "these stacks only, `dev` too if it is named (default: all but `dev`)",
  },
  parallel: {
    ...{ value: "N", read: whole(1) },
    help: "stacks at once (default: four for each processor, fewer if memory is short)",
  },
  refresh: { help: "look at the machines first, and see what was stopped by hand" },
  project: {
    ...{ value: "DIR", read: path, completes: "files" },
    help: "folder with Pulumi.yaml and the config files (default: this checkout)",
  },
} as const satisfies Options;

export const UP = { ...OPTIONS, json: jsonOption("lathe.up/1", { alsoTable: true }) } as const satisfies Options;
export const DOWN = {
  ...OPTIONS,
  all: { help: "every stack, without asking" },
  json: jsonOption("lathe.down/1", { alsoTable: true }),
} as const satisfies Options;
export const IMAGES = {
  stack: OPTIONS.stack,
  move: { help: "lock what each tag says now; the next `up` replaces the servers' containers" },
  project: OPTIONS.project,
  json: jsonOption("lathe.images/1"),
} as const satisfies Options;
