import { bundleAgent } from "../bench/run/agent/bundle.ts";
import type { ImageMessage } from "../bench/run/agent/protocol.ts";
import { clientMachines, securityMessages } from "../bench/run/client-machines.ts";
import type { Load } from "../bench/loads/load.ts";
import { plannedEndpoints } from "../infra/servers/endpoints.ts";
import { say } from "../lib/output.ts";
import type { Callable } from "./callable.ts";
import { Measurer } from "./measure.ts";
import type { Objective } from "./race/types.ts";
import type { Space } from "./space.ts";
import type { Subject } from "./subject.ts";
import { askDeployed } from "./variants/deployed.ts";
import { openKeeper } from "./variants/keeper.ts";
import { type Started, Stable, cellOf } from "./variants/stable.ts";

/** The server that is tuned, the settings that are tried, and the calls. */
export interface SessionSources {
  readonly id: string;
  readonly subject: Subject;
  readonly space: Space;
  readonly called: Callable;
  readonly model: string;
  readonly image: ImageMessage;
  readonly load: Load;
  readonly objective: Objective;
}

/**
 * Freezes the deployed servers, and runs `body`, which makes visits to variants. Afterwards thaws the deployed servers and removes every variant.
 *
 * @throws UserError if another process measures or tunes there
 */
export async function inTuning<T>(sources: SessionSources, body: (measurer: Measurer) => Promise<T>): Promise<T> {
  const { subject, id, space, image, called } = sources;
  const { machine, server, servers, kind, config, facts } = subject;
  const like = await askDeployed(machine, server);
  const bundle = await bundleAgent();
  // The endpoint that is called needs no secret (callable.ts). The secrets of others are not asked for.
  const securities = securityMessages([server], new Map());
  const clients = clientMachines([machine], bundle, [image], securities);
  const keeper = await openKeeper(machine, server, servers, like.owner, say);
  const stable = new Stable({
    ...{ tuning: id, machines: [machine], machine, server, deployed: servers, like, trials: space.trials, keeper },
    endpoints: plannedEndpoints(kind, config.ports, config.access),
    ...{ memoryBytes: facts.memoryBytes, limitMiB: config.memoryMiB },
  });
  const here = new Map<string, Started>();
  try {
    const measurer = new Measurer(
      {
        async run(arm, needed) {
          const { variant, thawed } = await stable.run(arm, needed);
          here.set(arm, variant);
          const what = { model: sources.model, image: image.name, load: sources.load };
          const { client, api, protocol, input } = called;
          const cell = cellOf(machine, { client, api, protocol, input }, what, variant.server, true);
          return {
            ...{ route: variant.routes.of(cell), thawed, isNew: variant.isNew },
            watch: () => variant.watch.begin(cell),
          };
        },
        whyDown: (arm) => stable.whyDown(arm),
        remove: (arm) => stable.remove(arm),
        async answered(arm) {
          const variant = here.get(arm);
          if (variant !== undefined) variant.isNew = false;
          await stable.weigh(arm);
        },
        link: () => clients.link(machine.id),
        now: () => performance.now(),
      },
      {
        ...{ client: called.client, model: sources.model, image: image.name, load: sources.load },
        withCpu: sources.objective.kind === "cost",
        startSeconds: config.gateTimeoutSeconds,
      },
    );
    return await body(measurer);
  } finally {
    await stable.close();
    await clients.close();
  }
}
