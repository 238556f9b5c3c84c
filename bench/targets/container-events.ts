import { setTimeout as sleep } from "node:timers/promises";
import { lastLine, nameOf } from "../../infra/hosts/bounds.ts";
import { script } from "../../infra/hosts/connection/remote.ts";
import { runOn } from "../../infra/hosts/connection/run.ts";
import { containersOf, type Machine, type Server } from "../../infra/outputs.ts";
import { EXPLAIN_MS } from "../deadlines.ts";

/** Docker reports a container's end a moment later: where it has not yet, it is asked again. */
const AGAIN_MS = 500;
const MOST_AGAIN = 6;
const UNTIL_NEXT_SECOND = 2;

/** Containers of one server that are told of. */
const MOST_TOLD = 3;
/** Events that are told: a container that dies and starts for hours has thousands. */
const MOST_EVENTS = 8;

const EVENTS = ["oom", "die", "kill", "stop", "restart", "start", "pause", "unpause", "destroy"];

const ASK = `
docker container inspect --format '{{.State.Status}}{{if eq .State.Status "running"}}{{with .State.Health}}{{if eq .Status "unhealthy"}} unhealthy{{end}}{{end}}{{end}}' "$1"
docker events --since "$2" --until 0s --filter "container=$1" ${EVENTS.map((e) => `--filter event=${e}`).join(" ")} \\
  --format '{{.Action}} {{index .Actor.Attributes "exitCode"}}'
`;

const WORDS: Readonly<Record<string, (exitCode: string) => string>> = {
  oom: () => "ran out of memory (lathe:memoryMiB is its limit)",
  die: (exitCode) => `died (exit code ${exitCode})`,
  kill: () => "was sent a signal",
  stop: () => "was stopped",
  restart: () => "was restarted",
  start: () => "started",
  pause: () => "was paused",
  unpause: () => "went on",
  destroy: () => "was removed",
};

/** What became of a server's containers lately, as words behind an error; undefined: nothing. Never throws. */
export async function explainServer(machine: Machine, server: Server, sinceMs: number): Promise<string | undefined> {
  const told = containersOf(server).map(({ container }) => explainContainer(machine, container, sinceMs));
  const known = (await Promise.all(told)).filter((words) => words !== undefined);
  return known.length === 0 ? undefined : known.slice(0, MOST_TOLD).join("; ");
}

async function explainContainer(machine: Machine, container: string, sinceMs: number): Promise<string | undefined> {
  const since = `${Math.ceil(sinceMs / 1000) + 2}s`;
  const ask = () => runOn(machine.ssh, script(ASK, container, since), { timeoutMs: EXPLAIN_MS });
  let result = await ask();
  for (let again = 0; result.code === 0 && isUnfinished(result.stdout) && again < patience(result.stdout); again++) {
    await sleep(AGAIN_MS);
    result = await ask();
  }
  return explain(container, result.code, result.stdout, result.stderr);
}

/**
 * How often it is asked again: a container of many processes takes seconds to end. One that runs, and of which nothing is told, is
 * asked for until the second is over: the engine takes `--until` in whole seconds, and keeps what came in the current one. Pure.
 */
export const patience = (stdout: string): number => (/^running\b.*\n*$/.test(stdout) ? UNTIL_NEXT_SECOND : MOST_AGAIN);

/** Whether the engine may tell more in a moment: it has told of nothing, or of what ends a container, and not of its end. Pure. */
export function isUnfinished(stdout: string): boolean {
  const lines = stdout.trim().split("\n");
  return lines.length === 1 || /^(kill|oom)\b/.test(lines.at(-1) ?? "");
}

/** Words for what the engine said. Pure. */
export function explain(container: string, code: number | null, stdout: string, stderr: string): string | undefined {
  if (code === null)
    return `its machine did not say within ${EXPLAIN_MS / 1000} s what became of container ${container}`;
  if (code !== 0) return `its machine cannot be asked for container ${container}: ${lastLine(stderr)}`;
  const [status = "", ...lines] = stdout.trim().split("\n");
  const last = lines
    .slice(-MOST_EVENTS)
    .map((line) => nameOf(line).split(" "))
    .map(([action = "", exit = ""]) => (Object.hasOwn(WORDS, action) ? WORDS[action]?.(exit) : undefined) ?? action);
  if (last.length === 0 && status === "running") return undefined;
  // Its first process lives, and does not do its work: a front end without workers.
  if (last.length === 0 && status === "running unhealthy")
    return `container ${container} runs, but its health test fails`;
  if (last.length === 0) return `container ${container} is ${nameOf(status)}`;
  const earlier = lines.length > last.length ? [`had ${lines.length - last.length} earlier events`] : [];
  return `container ${container} ${[...earlier, ...last].join(", ")}; now it is ${nameOf(status)}`;
}
