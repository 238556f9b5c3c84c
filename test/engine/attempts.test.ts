import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { destroy, pulumi, tryUp, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { networkName } from "../../infra/access/firewall-rules.ts";
import { hostOf, pushImage } from "../../lab/index.ts";
import { proxyImage } from "../lab/proxy-image.ts";
import { progress } from "../../lib/progress.ts";
import { on } from "../lab/tools.ts";
import { clientSecrets, makeBed, startUp, type Bed } from "./harness.ts";

/* What stands beside a server, in trouble: REST's proxy and their own network, as faults.test.ts has it of the server. */

const HOST = "edge";
const STACK = "beside";
const SERVER = "tf-serving";
const PROXY = "tf-serving-rest";
const NETWORK = networkName(`lathe/${STACK}`, SERVER);

let bed: Bed;
let stack: StackRef;
beforeAll(async () => {
  bed = await makeBed();
  const proxy = await pushImage(bed.lab, await proxyImage(progress()), progress());
  const access = { "lathe:rest": "token", "lathe:proxyImage": proxy.reference };
  stack = await bed.stack(STACK, { "lathe:host": HOST, "lathe:models": "null", ...access });
});
afterAll(() => bed?.down());

const onHost = (line: string) => on(bed.lab, HOST, line);
const inspect = (name: string, format: string) => onHost(`docker inspect ${name} --format '${format}'`);

/** `up`, killed outright as soon as the host has what it is just making; gives the id of that. */
async function killedAt(word: string, list: string): Promise<string> {
  let made = "";
  await startUp(stack, word, async (kill) => {
    made = await onHost(`until ${list} --no-trunc --format '{{.ID}}' | grep .; do sleep 0.02; done`);
    kill("SIGKILL");
  });
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  const state = await pulumi({ ...stack, onLine: () => {} }, ["stack", "export", "--stack", STACK]);
  expect(state.stdout).toContain(SERVER);
  expect(state.stdout).not.toContain(made);
  const cancelled = await pulumi(stack, ["cancel", "--yes", "--stack", STACK]);
  expect(cancelled.code, cancelled.output).toBe(0);
  return made;
}

/** The next `up` mends whatever there was to mend: one of each, and all of them serve. */
async function expectHealed(): Promise<void> {
  const healed = await tryUp(stack);
  expect(healed.code, healed.output).toBe(0);
  const all =
    "docker ps -a --format '{{.Names}} {{.State}}' | sort; docker network ls -f name=lathe- --format '{{.Name}}'";
  expect(await onHost(all)).toBe(`${SERVER} running\n${PROXY} running\n${NETWORK}`);
}

test("a network and then a proxy, made by an up that was killed and unknown to the state, are made anew by the next", async () => {
  const network = await killedAt("-network creating", `docker network ls -f name=${NETWORK}`);
  const proxy = await killedAt("-rest creating", `docker ps -a -f name=${PROXY}`);
  await expectHealed();
  expect(await onHost(`docker network inspect ${NETWORK} --format '{{.ID}}'`)).not.toBe(network);
  expect(await inspect(PROXY, "{{.Id}}")).not.toBe(proxy);
});

test("a proxy that was removed by hand comes back with the next up, alone, and whoever took its name is told first", async () => {
  const server = await inspect(SERVER, "{{.Id}}");
  await onHost(`docker rm -f ${PROXY} && docker create --name ${PROXY} ${await inspect(SERVER, "{{.Image}}")}`);
  const refused = await tryUp(stack);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain(`host ${HOST}: there is a container ${PROXY} already (not Lathe's)`);
  expect(refused.output).toMatch(new RegExp(`fix: .*docker rm -f ${PROXY}`));
  expect(refused.output).not.toMatch(/Conflict|\n\s+at .+:\d+:\d+/);
  expect(await inspect(PROXY, "{{.State.Status}}")).toBe("created");
  await onHost(`docker rm ${PROXY}`);
  await expectHealed();
  expect(await inspect(SERVER, "{{.Id}}")).toBe(server);
});

test("a proxy that is told to end lets the request that it passes on be answered first", async () => {
  const body = JSON.stringify({ instances: [[[[0, 0, 0]]]] });
  const { token } = await clientSecrets(stack);
  const sent = request({
    ...{ host: hostOf(bed.lab, HOST).address, port: 8501, path: "/v1/models/null:predict", method: "POST" },
    headers: { authorization: `Bearer ${token}`, "content-length": body.length, connection: "close" },
    // Who answers is trust.test.ts's question.
    rejectUnauthorized: false,
  });
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  sent.write(body.slice(0, 10));
  const [socket] = (await once(sent, "socket")) as [TLSSocket];
  await once(socket, "secureConnect");
  await sleep(1_000);
  const stopped = onHost(`docker stop -t 20 ${PROXY}; docker inspect ${PROXY} --format '{{.State.ExitCode}}'`);
  await sleep(1_500);
  expect(await inspect(PROXY, "{{.State.Running}}")).toBe("true");
  sent.end(body.slice(10));
  const [response] = await answered;
  expect([response.statusCode, await text(response)]).toEqual([200, expect.stringContaining("predictions")]);
  expect((await stopped).split("\n").at(-1)).toBe("0");
});

test("containers that were stopped, and their network removed, come back with the next up, and then all stays", async () => {
  await onHost(`docker stop -t 1 ${SERVER} ${PROXY} && docker network rm ${NETWORK}`);
  await expectHealed();
  const again = await tryUp(stack, { refresh: true });
  expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
});

test("destroy leaves nothing of them, and neither had to be killed", async () => {
  const since = await onHost("date +%s");
  await destroy(stack);
  const died = await onHost(
    `docker events --since ${since} --until $(date +%s) --filter event=die --format '{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}'`,
  );
  expect(died.split("\n").sort()).toEqual([`${SERVER} 0`, `${PROXY} 0`]);
  expect(await bed.leftOn(HOST)).toBe("");
  expect(await onHost("docker network ls -q --filter name=lathe-")).toBe("");
});
