import { clean } from "../../../lib/clean.ts";
import type { Cell } from "../../matrix/cell.ts";
import { levelsOf } from "../../stats/levels.ts";
import { allStatistics } from "../../stats/cell-statistics.ts";
import type { ReportInputs } from "../section.ts";
import type { RunReport } from "./output.ts";

type Labels = Readonly<Record<string, string | boolean>>;

/** A metric family with its samples. */
interface Family {
  readonly name: string;
  readonly type: "info" | "summary" | "counter" | "gauge";
  readonly unit?: string;
  readonly help: string;
  readonly samples: readonly (readonly [suffix: string, labels: Labels, value: number])[];
}

/**
 * A run as OpenMetrics text (the standard that Prometheus reads, openmetrics.io), without timestamps: a file for node_exporter's
 * textfile collector or a pushgateway. A cell's coordinates are labels; base units are seconds, as the standard asks. Quantiles
 * are those alone that a cell's calls can carry.
 */
export function openMetrics({ inputs }: RunReport): string {
  const families = [runInfo(inputs), serverInfo(inputs), calls(inputs), failed(inputs), thresholds(inputs)];
  return `${families
    .filter((f) => f.samples.length > 0)
    .flatMap(lines)
    .join("\n")}\n# EOF\n`;
}

function lines({ name, type, unit, help, samples }: Family): string[] {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}="${escaped(String(value))}"`);
  return text.length === 0 ? "" : `{${text.join(",")}}`;
}

/** A label's value as the standard has it: a backslash, a quote and a line feed are escaped; nothing else that is no text stays. */
function escaped(value: string): string {
  return clean(value).replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}

function runInfo({ manifest }: ReportInputs): Family {
  const { id, createdAt, lathe } = manifest;
  const labels = { run: id, created_at: createdAt, lathe: lathe.version, commit: lathe.commit ?? "unknown" };
  return { name: "lathe_run", type: "info", help: "The run.", samples: [["_info", labels, 1]] };
}

function serverInfo({ manifest }: ReportInputs): Family {
  return {
    ...{ name: "lathe_server", type: "info", help: "A server of the run. A stand-in is not the real server's binary." },
    samples: manifest.servers.map(
      ({ id, kind, image, standIn }) =>
        ["_info", { run: manifest.id, server: id, kind, image, stand_in: standIn }, 1] as const,
    ),
  };
}

const QUANTILES = [
  ["0.5", "medianMs"],
  ["0.9", "p90Ms"],
  ["0.99", "p99Ms"],
] as const;

function calls(inputs: ReportInputs): Family {
  const { study, summaries } = inputs;
  return {
    ...{ name: "lathe_call_seconds", type: "summary", unit: "seconds" },
    help: "Latency of the measured calls of a cell that succeeded.",
    samples: (study === undefined ? [] : allStatistics(study)).flatMap((cell) => {
      const labels = labelsOf(cell.at, inputs);
      const { n = 0, meanMs = NaN } = summaries.get(cell.cell) ?? {};
      return [
        ...QUANTILES.flatMap(([quantile, key]) =>
          cell[key] === null ? [] : [["", { ...labels, quantile }, cell[key] / 1000] as const],
        ),
        ["_count", labels, n] as const,
        ["_sum", labels, (n * meanMs) / 1000] as const,
      ];
    }),
  };
}

function failed(inputs: ReportInputs): Family {
  return {
    ...{ name: "lathe_failed_calls", type: "counter", help: "Measured calls of a cell that failed." },
    samples: inputs.cells.map(
      (c) => ["_total", labelsOf(c, inputs), inputs.summaries.get(c.id)?.failedCalls ?? 0] as const,
    ),
  };
}

function thresholds({ manifest, thresholds: results = [] }: ReportInputs): Family {
  const value = { holds: 1, inconclusive: 0.5, broken: 0 } as const;
  return {
    ...{ name: "lathe_threshold", type: "gauge" },
    help: "A threshold of an experiment: 1 holds, 0.5 inconclusive, 0 broken.",
    samples: results.map(
      ({ experiment, threshold, about, outcome }) =>
        ["", { run: manifest.id, experiment, threshold, about }, value[outcome]] as const,
    ),
  };
}

function labelsOf(cell: Cell, { manifest, axes }: ReportInputs): Labels {
  return { run: manifest.id, ...levelsOf(cell, axes) };
}
