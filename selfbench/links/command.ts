import { tcpReader } from "../../bench/run/agent/tcp/read.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import { tryRun } from "../../lab/run.ts";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { progress } from "../../lib/progress.ts";
import { formatTable } from "../../lib/table.ts";
import { type Bed, makeBed } from "../distance/bed.ts";
import { LINKS } from "../options.ts";
import { GOALS, UP_TO_MBIT, mbitOf, rttErrors, survivors } from "./judge.ts";
import { ask, probeProgram, startEcho } from "./probe.ts";

/** A row of the table. `met` null: there is no goal. */
interface Row {
  readonly what: string;
  readonly asked: string;
  readonly measured: string;
  readonly goal: string;
  readonly met: boolean | null;
}

type Probe = (sent: { count: number; everyUs: number; bytes: number }) => ReturnType<typeof ask>;

const FULL = 1500;
const RTT_MS = 20;

/** `lathe selfbench links`. */
export async function benchLinks({ seconds, seed, name, check, json }: Values<typeof LINKS>): Promise<number> {
  const steps = progress();
  steps.step("Two networks and a link between them", 20 + 10 * seconds);
  const bed = await makeBed(name, steps);
  const rows: Row[] = [];
  try {
    const program = await probeProgram();
    const echo = await startEcho(program, bed.at("far"));
    try {
      const probe: Probe = (sent) => ask(program, bed.at("near"), bed.address, sent);
      // The first datagram waits for the neighbour's address.
      await probe({ count: 3, everyUs: 1000, bytes: 100 });
      rows.push(...(await rttRows(bed, probe, seconds)), ...(await mbitRows(bed, probe)));
      rows.push(...(await lossRows(bed, probe, seed)), await oracleRow(bed, probe), await readingRow());
    } finally {
      echo.kill("SIGKILL");
    }
  } finally {
    await bed.remove();
  }
  steps.done();
  const columns = ["what", "link", "measured", "goal", ""];
  const table = rows.map((r) => [r.what, r.asked, r.measured, r.goal, r.met === null ? "" : r.met ? "met" : "missed"]);
  printResult(LINKS.json, json, formatTable(columns, table), { rows });
  return check === true && rows.some((r) => r.met === false) ? 1 : 0;
}

/** Round trips while datagrams of full size pass at some rate, both ways. */
async function rttRows(bed: Bed, probe: Probe, seconds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const mbit of [1, 10, 50, 100, UP_TO_MBIT]) {
    const everyUs = Math.round((FULL * 8) / mbit);
    const sent = { count: Math.round((seconds * 1e6) / everyUs), everyUs, bytes: FULL };
    await bed.setLink(null);
    const bareMs = median((await probe(sent)).map((e) => e.rttMs));
    await bed.setLink({ delayMs: RTT_MS / 2, mbit: null });
    const echoes = await probe(sent);
    const { p50Ms, p99Ms, maxMs } = rttErrors(echoes, bareMs + RTT_MS);
    rows.push({
      ...{ what: "error of round trips", asked: `+${RTT_MS} ms, ${mbit} Mbit/s pass each way` },
      measured: `p50 ${p50Ms.toFixed(3)}, p99 ${p99Ms.toFixed(3)}, largest ${maxMs.toFixed(3)} ms of ${echoes.length}`,
      ...{ goal: `p99 ${GOALS.rttMs} ms`, met: p99Ms <= GOALS.rttMs },
    });
  }
  return rows;
}

async function mbitRows(bed: Bed, probe: Probe): Promise<Row[]> {
  const rows: Row[] = [];
  for (const mbit of [1, 10, 50, 100, UP_TO_MBIT, 500]) {
    await bed.setLink({ delayMs: 5, mbit });
    // Three quarters of the link's buffer: what comes on top is dropped.
    const count = Math.max(12, Math.round((mbit * 1e6 * 0.15) / 8 / FULL));
    const found = mbitOf(await probe({ count, everyUs: 0, bytes: FULL }), FULL);
    const promised = mbit <= UP_TO_MBIT;
    rows.push({
      ...{ what: "bandwidth", asked: `${mbit} Mbit/s`, measured: `${found.toFixed(2)} Mbit/s` },
      goal: promised ? `within ${100 * GOALS.mbit} %` : "–",
      met: promised ? Math.abs(found / mbit - 1) <= GOALS.mbit : null,
    });
  }
  return rows;
}

async function lossRows(bed: Bed, probe: Probe, seed: number): Promise<Row[]> {
  const rows: Row[] = [];
  const count = 5000;
  for (const loss of [0.001, 0.01, 0.05]) {
    await bed.setLink({ delayMs: 5, jitterMs: 1, mbit: null, loss, seed });
    const came = (await probe({ count, everyUs: 200, bytes: 200 })).map((e) => e.number);
    const expected = survivors(seed, loss, count);
    const same = came.length === expected.length && came.every((n, i) => n === expected[i]);
    rows.push({
      ...{ what: "loss", asked: `${100 * loss} % each way, seed ${seed}` },
      measured: `${count - came.length} of ${count} lost, ${same ? "those" : "not those"} that the seed says`,
      ...{ goal: "those that the seed says", met: same },
    });
  }
  return rows;
}

/** Whether the probe counts losses right: the kernel drops every tenth datagram. */
async function oracleRow(bed: Bed, probe: Probe): Promise<Row> {
  await bed.setLink(null);
  const rule = [
    "INPUT",
    "-p",
    "udp",
    "-m",
    "statistic",
    "--mode",
    "nth",
    "--every",
    "10",
    "--packet",
    "0",
    "-j",
    "DROP",
  ];
  const row = { what: "the probe's count", asked: "none; xt_statistic drops every tenth", goal: "10 %" };
  const added = await tryRun([...bed.at("far"), "iptables", "-A", ...rule]);
  if (added.exitCode !== 0) return { ...row, measured: "this machine has no xt_statistic", met: null };
  const count = 2000;
  const came = (await probe({ count, everyUs: 200, bytes: 200 })).map((e) => e.number);
  await tryRun([...bed.at("far"), "iptables", "-D", ...rule]);
  const exact = came.length === count - count / 10 && came.every((n) => n % 10 !== 0);
  return { ...row, measured: `${count - came.length} of ${count} lost${exact ? ", every tenth" : ""}`, met: exact };
}

/** How long it takes to read a connection between two calls. */
async function readingRow(): Promise<Row> {
  const reader = tcpReader();
  const times: number[] = [];
  for (let i = 0; i < 60; i++) {
    const from = performance.now();
    await reader.read("127.0.0.1", 1);
    times.push(performance.now() - from);
  }
  await reader.close();
  const measured = `${median(times.slice(10)).toFixed(1)} ms after each call, none of it in a call's time`;
  return { what: "reading a connection by ss", asked: "–", measured, goal: "–", met: null };
}
