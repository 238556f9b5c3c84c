import { type Column, formatTable } from "../../lib/table.ts";
import { type Attribution, attribute } from "../stats/attribution.ts";
import { type Estimate, intervalOf } from "../stats/estimate.ts";
import type { Study } from "../stats/study.ts";
import { formatMs } from "./tables.ts";

/** Where the time of a request goes, as text: the parts, and whether they add up. */
export function attributionSection({ study }: { readonly study?: Study }): string {
  const all = study === undefined ? [] : attribute(study);
  if (all.length === 0) return "";
  const right = (title: string): Column => ({ title, align: "right" });
  const columns = [
    { title: "client → server" },
    { title: "model" },
    { title: "client" },
    ...["whole", "model\ncompute", "client\nencode", "client\ndecode", "server and\nwire format", "network"].map(right),
    right("left over"),
    right("95 % interval"),
    { title: "adds up" },
  ];
  const rows = all.map((a) => [
    a.place,
    a.model,
    a.clientKind,
    ...[a.total, a.parts.compute, a.parts.encode, a.parts.decode, a.parts.server, a.parts.network, a.rest].map(signed),
    interval(a.rest),
    answer(a),
  ]);
  const off = all.filter((a) => a.addsUp === false);
  return [
    "What a request's time is made of: mean over images, ms",
    formatTable(columns, rows),
    off.length === 0
      ? "  The parts add up to the whole wherever that can be seen."
      : `  The parts do NOT add up in ${off.length} of ${all.length} rows; the largest difference is ${share(off)} of the whole.`,
    "  Server and wire format, network: what the null model takes between encoding and decoding, at home, and more than that from " +
      "the client machine. Model compute: what the model takes longer than the null model at home, averaged over the clients.",
  ].join("\n");
}

function signed(e: Estimate): string {
  return e.value < 0 ? `-${formatMs(-e.value)}` : formatMs(e.value);
}

function interval(e: Estimate): string {
  const i = intervalOf(e);
  return i === null ? "–" : `${signed({ ...e, value: i.low })} to ${signed({ ...e, value: i.high })}`;
}

function answer(a: Attribution): string {
  return a.addsUp === null ? "cannot be seen" : a.addsUp ? "yes" : "NO";
}

function share(rows: readonly Attribution[]): string {
  return `${(100 * Math.max(...rows.map((a) => Math.abs(a.rest.value / a.total.value)))).toFixed(1)} %`;
}
