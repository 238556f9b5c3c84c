import { type Study, fitStudy, nullModels, placeOf } from "../stats/study.ts";
import { PAPER_BASIS, pairsEffect, publishedLogRatios, withoutSlip } from "./paper-data.ts";
import {
  type Conclusion,
  type Effect,
  type Finding,
  asMeasured,
  cannotTell,
  contrastEffect,
  findingOf,
} from "./verdict.ts";

/** Remote serving is slower than local serving, even on the machine with the better CPU. */
export const remoteSlower: Conclusion = {
  id: "remote-slower",
  test:
    "each server answers the client machine more slowly than itself, and a server that is faster at home than the client " +
    "machine still answers it more slowly than the client machine answers itself",
  judge,
  judgePaper,
};

function judge(study: Study): Finding {
  const nulls = nullModels(study.manifest);
  const remote = study.manifest.cells.filter((c) => c.clientRole !== c.serverRole);
  const client = remote[0]?.clientRole;
  if (client === undefined) return cannotTell("it takes remote cells: a client machine that calls another one");
  const servers = [...new Set(remote.filter((c) => c.clientRole === client).map((c) => c.serverRole))];
  const local = (role: string) => placeOf({ clientRole: role, serverRole: role });

  const effects: Effect[] = [];
  const remarks: string[] = [];

  /** Latency in one place over that in another, on the models, images and clients that both have. */
  const compare = (label: string, over: string, under: string): Effect | undefined => {
    const keys = (place: string) =>
      new Set(
        study.manifest.cells
          .filter((c) => placeOf(c) === place && (study.data.get(c.id)?.visits.length ?? 0) > 0)
          .map((c) => `${c.model}|${c.clientKind}|${c.image}`),
      );
    const [a, b] = [keys(over), keys(under)];
    const fit = fitStudy(study, (c) => {
      const key = `${c.model}|${c.clientKind}|${c.image}`;
      return [over, under].includes(placeOf(c)) && !nulls.has(c.model) && a.has(key) && b.has(key);
    })?.fit;
    if (fit?.design.levels["place"]?.length !== 2) return undefined;
    remarks.push(...asMeasured(label, fit, { place: over }, { place: under }));
    return contrastEffect(label, fit.contrast({ place: over }, { place: under }));
  };

  let better = 0;
  for (const server of servers) {
    const place = placeOf({ clientRole: client, serverRole: server });
    const same = compare(`${server}: called by ${client} over called by itself`, place, local(server));
    if (same !== undefined) effects.push(same);
    const faster = compare(`${client} at home over ${server} at home`, local(client), local(server));
    if (faster === undefined || faster.outcome === "does not hold") continue;
    const open = faster.outcome === "cannot tell";
    const times = `${faster.value.toFixed(2)} times as fast at home`;
    const even = compare(`${server} (${open ? "perhaps " : ""}${times}) over ${client} at home`, place, local(client));
    if (even === undefined) continue;
    better += 1;
    if (open) {
      const [name, factor] = faster.value > 1 ? [server, faster.value] : [client, 1 / faster.value];
      remarks.push(
        `of ${server} and ${client}, ${name} seems the faster one at home, by a factor of ${factor.toFixed(2)}, but ` +
          `${client} over ${server} is ${faster.value.toFixed(2)}${rangeOf(faster)}: whether ${server} has the better CPU is open`,
      );
      effects.push({ ...even, outcome: "cannot tell" });
    } else effects.push(even);
  }
  if (effects.length === 0) return cannotTell("remote and local cells have no model, client and image in common");
  if (better === 0)
    remarks.push(`no server here is faster at home than ${client}: "even on the better CPU" is not put to the test`);
  return findingOf(effects, remarks);
}

function rangeOf({ interval }: Effect): string {
  return interval === null ? "" : ` (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)})`;
}

/**
 * Tables 2 and 3 alone: requests from the client machine to itself and to the others, same image. Table 1 has other images,
 * so a server's remote and local latency cannot be paired. The cloud machine has the better CPU.
 */
function judgePaper(): Finding {
  const effect = (role: string, label: string, withSlip: boolean) =>
    pairsEffect(
      label,
      publishedLogRatios(
        (p) => p.experiment !== "local" && p.role === role,
        () => ({ role: "client" }),
        withSlip,
      ),
    );
  const cloud = "cloud (the better CPU) over client at home";
  return findingOf(
    [effect("cloud", cloud, true), effect("edge", "edge over client at home", true)],
    [
      PAPER_BASIS,
      withoutSlip(effect("cloud", cloud, false)),
      "a server's remote and local latency share no image in the paper, so they cannot be paired",
    ],
  );
}
