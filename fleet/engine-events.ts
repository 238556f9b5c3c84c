import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { jsonOf } from "../lib/json.ts";

/* What the engine reports of a run in its events (`--event-log`), each as JSON. Only what a person sees is read. */

const Step = z.object({ metadata: z.object({ op: z.string(), urn: z.string() }) });

const EngineEvent = z.object({
  resourcePreEvent: Step.optional(),
  resOutputsEvent: Step.optional(),
  resOpFailedEvent: Step.optional(),
  diagnosticEvent: z.object({ severity: z.string(), message: z.string() }).optional(),
  summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish() }).optional(),
});

/** A resource and what is done to it: `create`, `update`, `replace`, `delete`, `same`. */
export interface ResourceStep {
  readonly name: string;
  /** Such as `docker:index/container:Container`. */
  readonly type: string;
  readonly op: string;
}

/** How far the engine is with one stack. */
export interface RunState {
  /** By URN: steps that have begun and not ended. */
  readonly running: ReadonlyMap<string, ResourceStep>;
  /** By URN: what was done, `same` included. A replacement is one step. */
  readonly done: ReadonlyMap<string, ResourceStep>;
  /** What went wrong, in the engine's or a provider's words, each once. */
  readonly errors: readonly string[];
  /** What Lathe warned of, each once. */
  readonly warnings: readonly string[];
  /** Resources by what happened to them, once the run has ended. */
  readonly summary: Readonly<Record<string, number>> | undefined;
}

export const NOTHING_YET: RunState = {
  running: new Map(),
  done: new Map(),
  errors: [],
  warnings: [],
  summary: undefined,
};

/** The state after one more event. Text that is not an event changes nothing. Pure. */
export function afterEvent(state: RunState, event: string): RunState {
  const parsed = EngineEvent.safeParse(jsonOf(event));
  if (!parsed.success) return state;
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = parsed.data;
  if (resourcePreEvent) return { ...state, running: new Map(state.running).set(...entryOf(resourcePreEvent)) };
  const ended = resOutputsEvent ?? resOpFailedEvent;
  if (ended) {
    const [urn, step] = entryOf(ended);
    const running = new Map(state.running);
    running.delete(urn);
    if (resOpFailedEvent) return { ...state, running };
    const before = state.done.get(urn);
    const keeps = before !== undefined && (before.op === "replace" || step.op === "same");
    const done = new Map(state.done).set(urn, keeps ? before : step);
    return { ...state, running, done };
  }
  const text = plain(diagnosticEvent?.message ?? "");
  // The engine closes a failed run with an error that says no more than that.
  if (diagnosticEvent?.severity === "error" && !["", "update failed", ...state.errors].includes(text))
    return { ...state, errors: [...state.errors, text] };
  // Lathe's own begin with the machine. Providers, the SDK and the engine have others, about plugins and outputs.
  const ofLathe = diagnosticEvent?.severity === "warning" && /^(host \S+|this machine): /.test(text);
  if (ofLathe && !state.warnings.includes(text)) return { ...state, warnings: [...state.warnings, text] };
  if (summaryEvent) return { ...state, summary: summaryEvent.resourceChanges ?? {} };
  return state;
}

function entryOf({ metadata: { op, urn } }: z.infer<typeof Step>): [urn: string, step: ResourceStep] {
  // urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME
  const [, , types = "", ...name] = urn.split("::");
  // The two halves of a replacement are one thing to a person.
  const shown = /replace/.test(op) ? "replace" : op;
  return [urn, { name: name.join("::"), type: types.slice(types.lastIndexOf("$") + 1), op: shown }];
}

/** A message without the engine's marks for colours, and without empty lines around it. */
function plain(message: string): string {
  return stripVTControlCharacters(message.replaceAll(/<\{%.*?%\}>/g, "")).trim();
}
