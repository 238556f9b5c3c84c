import { spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallResult } from "../../clients/client.ts";
import { clientKind } from "../../clients/registry.ts";
import { makePayload } from "../clients/payload.ts";
import type { Ask, Told } from "./talk.ts";

/*
 * The client at the near end: `node client.ts ADDRESS`. For each line on stdin (`Ask`) it makes calls by one of Lathe's client kinds,
 * on connections in the state that is asked for, and prints what each took (`Told`).
 */

const TIMEOUT_MS = 120_000;
const { request } = makePayload(TIMEOUT_MS);
const [address = ""] = process.argv.slice(2);

async function answer({ client, port, state, calls, idleMs, warmups }: Ask): Promise<Told> {
  const told: Told = { calls: [] };
  const open = async () => {
    const opened = clientKind(client).create(address, port);
    await opened.open(TIMEOUT_MS);
    return opened;
  };
  const ok = (result: CallResult) => {
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    return result;
  };
  let connection = await open();
  for (let i = 0; state !== "cold" && i < warmups; i++) ok(await connection.call(request));
  for (let i = 0; i < calls; i++) {
    if (state === "cold" && i > 0) {
      await connection.close();
      connection = await open();
    }
    if (state === "idle") await sleep(idleMs);
    const before = tcpOf(port);
    const { timing, requestBytes, responseBytes, requestWindow } = ok(await connection.call(request));
    const after = tcpOf(port);
    told.calls.push({
      ms: timing.totalMs,
      sendMs: timing.sendMs ?? 0,
      ...{ requestBytes, responseBytes },
      ...(requestWindow && { window: requestWindow }),
      ...{ cwnd: before.cwnd, cwndAfter: after.cwnd },
      rtoMs: before.rtoMs,
      retransmits: after.retransmits - before.retransmits,
    });
  }
  await connection.close();
  return told;
}

/** What the kernel says of the connection to a port (`ss`): it is asked between calls. */
function tcpOf(port: number): { cwnd: number; rtoMs: number; retransmits: number } {
  const { stdout } = spawnSync("ss", ["-tinH", "state", "established", "dport", `= :${port}`], { encoding: "utf8" });
  const number = (key: RegExp) => Number(key.exec(stdout)?.[1] ?? 0);
  return { cwnd: number(/ cwnd:(\d+)/), rtoMs: number(/ rto:([\d.]+)/), retransmits: number(/ retrans:\d+\/(\d+)/) };
}

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) say(await answer(JSON.parse(line) as Ask));
process.exit(0);
