import type { ResourceStep, RunState } from "./engine-events.ts";

/* The stack's resources, by their names in `infra/resources/`, as a person would call them. */

/** Part of a server: a pattern of the resource's name, what it is called, and what goes on while it is made. */
const PARTS: readonly (readonly [pattern: RegExp, noun: string, making: string])[] = [
  [/-workspace$/, "workspace", "making the workspace"],
  [/-model-(.+)-(\d+)$/, "model $1/$2", "delivering model $1/$2"],
  [/^image.*-claim$/, "image", "looking for the image"],
  [/^image/, "image", "pulling the image"],
  [/-firewall$/, "firewall", "setting the firewall's rules"],
  [/-secrets$/, "keys", "delivering keys"],
  [/-network$/, "network", "making the container's network"],
  [/-rest$/, "REST proxy", "starting the REST proxy"],
  [/-container$/, "container", "starting the container"],
  [/-gate$/, "gate", "waiting until every model answers"],
];

/** Resources that are only there to hold others: the stack, Lathe's components, the providers. */
const HOLDERS = /^(pulumi:|lathe:)/;
/** Steps that only make way for others. */
const MAKES_WAY = /-reservation$/;

/** What a resource is to a person; undefined for those that a person need not know of. */
export function nounOf({ name, type }: ResourceStep): string | undefined {
  if (HOLDERS.test(type) || MAKES_WAY.test(name)) return undefined;
  return partOf(name)?.noun ?? name;
}

/** What is being done now, for a line of progress: the step that began last. */
export function doing(action: "up" | "down", state: RunState): string {
  const steps = [...state.running.values()].reverse();
  const step = steps.find((s) => nounOf(s) !== undefined);
  if (step === undefined) {
    if (state.summary !== undefined) return "writing the state";
    return action === "up" && state.done.size === 0 ? "reading the machine's facts" : "asking the engine";
  }
  const noun = nounOf(step) ?? step.name;
  if (step.op === "delete" || step.op === "discard") return `removing ${noun}`;
  if (step.op === "same" || step.op === "read" || step.op === "refresh") return `looking at ${noun}`;
  return partOf(step.name)?.making ?? `making ${noun}`;
}

const VERBS: Readonly<Record<string, string>> = {
  create: "new",
  update: "done again",
  replace: "replaced",
  delete: "removed",
  discard: "forgotten",
};

/** What a run changed: `new: workspace, image, model null; replaced: container`, or `nothing`. */
export function changesText(state: RunState): string {
  const groups = new Map<string, Set<string>>();
  for (const step of state.done.values()) {
    const verb = VERBS[step.op];
    const noun = nounOf(step);
    if (verb === undefined || noun === undefined) continue;
    groups.set(verb, (groups.get(verb) ?? new Set()).add(noun));
  }
  return [...groups].map(([verb, nouns]) => `${verb}: ${[...nouns].join(", ")}`).join("; ") || "nothing";
}

/** The part that a resource's name means, in words with the pattern's groups filled in. */
function partOf(name: string) {
  const part = PARTS.find(([pattern]) => pattern.test(name));
  if (part === undefined) return undefined;
  const groups = part[0].exec(name) ?? [];
  const filled = (words: string) => words.replaceAll(/\$(\d)/g, (_all, group: string) => groups[Number(group)] ?? "");
  return { noun: filled(part[1]), making: filled(part[2]) };
}
