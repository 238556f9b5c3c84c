import { z } from "zod";
import { LatheInfo } from "../bench/records/manifest.ts";
import { latheNow } from "../bench/targets/read-setup.ts";
import { bundleAgent } from "../bench/run/agent/bundle.ts";
import { Tuned } from "../infra/tuned.ts";
import { tunedMachine } from "../infra/tuning.ts";
import type { Subject } from "./subject.ts";

/** With what a tuning was measured, besides its image, model and calls. */
export const Provenance = z.object({
  /** When it began, ISO 8601. */
  at: z.string().min(1).max(40),
  lathe: LatheInfo,
  /** Server kind and build. */
  kind: z.string().min(1).max(100),
  build: z.string().max(4000),
  standIn: z.boolean(),
  machine: Tuned.shape.machine,
  os: z.string().max(400),
  kernel: z.string().max(400),
  docker: z.string().max(400),
});
export type Provenance = z.infer<typeof Provenance>;

/** The provenance of a tuning that begins now. */
export async function provenanceOf({ server, facts }: Pick<Subject, "server" | "facts">): Promise<Provenance> {
  return {
    at: new Date().toISOString(),
    lathe: latheNow(await bundleAgent()),
    ...{ kind: server.kind, build: server.build, standIn: server.standIn },
    machine: tunedMachine(facts),
    ...{ os: facts.os, kernel: facts.kernel, docker: facts.docker.version },
  };
}
