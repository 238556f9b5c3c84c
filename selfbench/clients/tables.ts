import { protocolTitle } from "../../clients/registry.ts";
import { formatTable } from "../../lib/table.ts";
import { LEAST_WARM } from "../options.ts";
import { phaseNames } from "./stats.ts";
import type { Report } from "./race.ts";

/** The report as tables for people. */
export function reportText(report: Report): string {
  const { bytes, plan } = report;
  return [
    `${plan.rounds} rounds of ${plan.turns} turns of ${plan.calls} calls, one at a time. Warm-up: ${plan.warm} calls or more and ${plan.warmSeconds} s in each round, and ${LEAST_WARM} calls in each turn (ghz: these only; wrk: 1 s in each turn; perf_analyzer: none). wrk and rest-body: turns of 1 s.`,
    "Milliseconds, medians over all turns.",
    priority(report.nice),
    `gRPC: ${grouped(bytes.grpcRequest)} bytes there, ${grouped(bytes.grpcAnswer)} back. ` +
      `REST: ${grouped(bytes.restRequest)} there, ${grouped(bytes.restAnswer)} back.`,
    "",
    clientsTable(report),
    "",
    goalsTable(report),
    "",
    "Fixed answers from selfbench/clients/server: no model runs. Every answer's status and length was checked; but ghz prints no",
    "lengths, and wrk only their sum.",
    "KServe's clients send the same pixels raw and get 12 kB of raw tensors. A client's own overhead is its p50 less that of the bare client",
    "in the same turn, which writes ready-made bytes in one call to the kernel, reads the answer's known length, and does nothing",
    "else (selfbench/clients/server/bare.go). What it takes is the server's, the kernel's and the loopback's, and perf_analyzer's p50 has it",
    "too. Whoever takes off only a part of it finds a ratio between that of own overheads and that of whole calls.",
  ].join("\n");
}

function priority(nice: number): string {
  return nice < 0
    ? `Server and clients ran at nice ${nice}, before everything else on the machine.`
    : `Server and clients ran at nice ${nice}. Other programs may have delayed calls, which p99 shows; root can prevent that.`;
}

const right = (title: string) => ({ title, align: "right" as const });

function clientsTable(report: Report): string {
  const numbers = ["p50", "p90", "p99", ...phaseNames.map((name) => name.replace("Ms", ""))].map(right);
  const columns = ["client", "inside a call's time, besides the exchange", ...numbers];
  const rows = report.results.map((r) => [
    `${protocolTitle(r.protocol)} ${r.name}${r.ours ? "" : " (yardstick)"}`,
    r.inside,
    ...[r.p50Ms, r.p90Ms, r.p99Ms].map(ms),
    ...phaseNames.map((name) => (r.phases === null ? "" : ms(r.phases[name]))),
  ]);
  return formatTable(columns, rows);
}

function goalsTable(report: Report): string {
  const columns = ["goal", ...["ratio", "min–max over turns", "at most"].map(right), "", right("whole calls")];
  const rows = report.verdicts.map((v) => [
    v.title,
    v.ratio.median.toFixed(3),
    `${v.ratio.min.toFixed(3)}–${v.ratio.max.toFixed(3)}`,
    v.limit.toFixed(3),
    v.met ? "met" : "MISSED",
    v.wholeCalls?.median.toFixed(3) ?? "",
  ]);
  return formatTable(columns, rows);
}

function ms(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
