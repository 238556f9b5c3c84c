import { z } from "zod";
import type { HostFacts } from "../../hosts/facts.ts";
import type { Knob, ServerKind, SettingsPlan } from "../kind.ts";
import { plainKnob, processesKnob } from "../knobs.ts";
import {
  COUNT,
  count,
  sessionEnv,
  sessionFor,
  sessionHelp,
  sessionKnobs,
  SessionSettings,
  variablesShown,
} from "../session.ts";

const PARSERS = ["json", "simdjson"] as const;

/** What `lathe:settings` may say of a web framework's server; the automatic plan fills in what is absent. */
export const WebSettings = SessionSettings.extend({
  workers: count.default(1),
  threads: count.default(4),
  parser: z.enum(PARSERS, "json or simdjson").default("json"),
});
export type WebSettings = z.infer<typeof WebSettings>;

/** The variable with the number of workers, which gunicorn and uvicorn know, too. */
export const WORKERS = "WEB_CONCURRENCY";

export const webHelp: ServerKind["settingsHelp"] = [
  {
    key: "workers",
    help: `${WORKERS}, ${COUNT}: processes. Each has the models in memory and a session of its own.`,
    otherwise: "1",
  },
  {
    key: "threads",
    help: `WEB_THREADS, ${COUNT}: requests at a time in each worker.`,
    otherwise: "4",
  },
  {
    key: "parser",
    help:
      "WEB_PARSER: what reads a request's JSON. json: Python's own, whose lists numpy then copies, as most people write it. simdjson: " +
      "pysimdjson, which gives all numbers in one piece.",
    otherwise: "json",
  },
  ...sessionHelp(", divided by the workers"),
];

/** The settings that fit a machine: its physical cores, shared by the workers' sessions. Pure. */
export function webSettingsFor(facts: HostFacts, wanted: WebSettings): SettingsPlan<WebSettings> {
  const { workers, threads, parser, ...session } = wanted;
  const plan = sessionFor(facts, session, workers);
  return { ...plan, settings: { workers, threads, parser, ...plan.settings } };
}

/** What is tried: workers and their sessions in all combinations, and what reads requests. Pure. */
export function webKnobs(facts: HostFacts): Knob[] {
  return [
    processesKnob(facts, "workers", "processes with a session each"),
    ...sessionKnobs(facts, { alone: true }),
    plainKnob("parser", "what reads a request's JSON", "json", PARSERS, { alone: true }),
  ];
}

/** The settings as the container's environment. Pure. */
export function webEnv({ workers, threads, parser, ...session }: WebSettings): Record<string, string> {
  return { ...sessionEnv(session), [WORKERS]: `${workers}`, WEB_PARSER: parser, WEB_THREADS: `${threads}` };
}

/** The variables of a running container that are settings. Pure. */
export const webShown: ServerKind["settingsShown"] = (running) => variablesShown(running, /^WEB_/);
