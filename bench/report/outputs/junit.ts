import type { Cell } from "../../matrix/cell.ts";
import { type Markup, html } from "../render/markup.ts";
import type { ReportInputs } from "../section.ts";
import type { RunReport } from "./output.ts";

/**
 * JUnit XML, as CI systems read it: a suite of the run's cells (a cell that failed is an error, one that was never measured is
 * skipped) and one of its thresholds (a broken one is a failure, an inconclusive one is skipped, with the reason).
 */
export function junit({ inputs }: RunReport): string {
  const { manifest, thresholds = [] } = inputs;
  const cells = manifest.cells.map((cell) => cellCase(cell, inputs));
  const judged = thresholds.map((t): Case => {
    const own = { name: `${t.threshold}: ${t.about}`, group: t.experiment, seconds: 0 };
    return t.outcome === "holds" ? own : { ...own, kind: t.outcome === "broken" ? "failure" : "skipped", text: t.why };
  });
  const suites = [suite("cells", cells, inputs), ...(judged.length === 0 ? [] : [suite("thresholds", judged, inputs)])];
  const all = [...cells, ...judged];
  const body = html`<testsuites
    name="Lathe run ${manifest.id}"
    tests="${all.length}"
    failures="${of(all, "failure")}"
    errors="${of(all, "error")}"
    skipped="${of(all, "skipped")}"
  >
    ${suites}</testsuites
  > `;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body.text}`;
}

/** One test of JUnit. */
interface Case {
  readonly name: string;
  readonly group: string;
  readonly seconds: number;
  readonly kind?: "failure" | "error" | "skipped";
  readonly text?: string;
}

function cellCase(cell: Cell, { summaries }: ReportInputs): Case {
  const summary = summaries.get(cell.id);
  const measured = summary !== undefined && summary.n > 0;
  // The time that its measured calls took: CI systems show it as the test's.
  const seconds = measured ? (summary.meanMs * summary.n) / 1000 : 0;
  const own = { name: cell.id, group: cell.experiments?.[0] ?? "cells", seconds };
  if (summary?.failure !== undefined)
    return { ...own, kind: "error", text: `${summary.failure.code}: ${summary.failure.message}` };
  return measured ? own : { ...own, kind: "skipped", text: "never measured" };
}

function suite(name: string, cases: readonly Case[], { manifest }: ReportInputs): Markup {
  const remarks = manifest.remarks.map((remark) => html`<property name="remark" value="${remark}" />`);
  return html`<testsuite
    name="${name}"
    timestamp="${manifest.createdAt}"
    tests="${cases.length}"
    failures="${of(cases, "failure")}"
    errors="${of(cases, "error")}"
    skipped="${of(cases, "skipped")}"
  >
    <properties>${remarks}</properties>
    ${cases.map(testcase)}</testsuite
  > `;
}

function testcase({ name, group, seconds, kind, text = "" }: Case): Markup {
  const open = html`<testcase name="${name}" classname="${group}" time="${seconds.toFixed(3)}"`;
  if (kind === undefined) return html`${open}/> `;
  const fault =
    kind === "skipped"
      ? html`<skipped message="${text}" />`
      : kind === "failure"
        ? html`<failure message="${text}" />`
        : html`<error message="${text}" />`;
  return html`${open}>${fault}</testcase>
`;
}

const of = (cases: readonly Case[], kind: Case["kind"]) => cases.filter((c) => c.kind === kind).length;
