import type { Cell } from "../../matrix/cell.ts";
import { type Markup, html, trusted } from "../render/markup.ts";
import type { ReportInputs } from "../section.ts";
import type { RunReport } from "./output.ts";

/**
 * JUnit XML, as CI systems read it: a suite of the run's cells (a cell that failed is an error, one that was never measured is
 * skipped) and one of its thresholds (a broken one is a failure, an inconclusive one is skipped, with the reason). Jenkins' xUnit plugin
 * refuses what its junit-10.xsd does not name, and GitLab shows the text of a failure, others its message: both say the same.
 */
export function junit({ inputs }: RunReport): string {
  const { manifest, thresholds = [] } = inputs;
  const cells = manifest.cells.map((cell) => cellCase(cell, inputs));
  const judged = thresholds.map((t): Case => {
    const own = { name: `${t.threshold}: ${t.about}`, group: t.experiment, seconds: 0 };
    if (t.outcome === "holds") return own;
    return { ...own, fault: { kind: t.outcome === "broken" ? "failure" : "skipped", type: "threshold", text: t.why } };
  });
  const suites = [suite("cells", cells, inputs), ...(judged.length === 0 ? [] : [suite("thresholds", judged, inputs)])];
  const body = html`<testsuites name="Lathe run ${manifest.id}" ${totals([...cells, ...judged])}>
    ${suites}</testsuites
  > `;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body.text}`;
}

/** One test of JUnit. */
interface Case {
  readonly name: string;
  readonly group: string;
  readonly seconds: number;
  readonly fault?: { readonly kind: "failure" | "error" | "skipped"; readonly type: string; readonly text: string };
}

function cellCase(cell: Cell, { summaries, study }: ReportInputs): Case {
  const summary = summaries.get(cell.id);
  const measured = summary !== undefined && summary.n > 0;
  // The time that its measured calls took: CI systems show it as the test's.
  const seconds = measured ? (summary.meanMs * summary.n) / 1000 : 0;
  const own = { name: cell.id, group: cell.experiments?.[0] ?? "cells", seconds };
  if (summary?.failure !== undefined) {
    const { code, message } = summary.failure;
    return { ...own, fault: { kind: "error", type: code, text: `${code}: ${message}` } };
  }
  // A load that has no percentile was measured all the same.
  const untold = study?.untold?.get(cell.id);
  if (measured || untold?.kind === "load") return own;
  const { kind: type, why: text } = untold ?? { kind: "unmeasured", why: "never measured" };
  return { ...own, fault: { kind: "skipped", type, text } };
}

function suite(name: string, cases: readonly Case[], { manifest }: ReportInputs): Markup {
  const remarks = manifest.remarks.map((remark) => html`<property name="remark" value="${remark}" />`);
  // As Ant has it: UTC without a zone, whole seconds.
  const timestamp = manifest.createdAt.slice(0, 19);
  return html`<testsuite name="${name}" timestamp="${timestamp}" ${totals(cases)} skipped="${of(cases, "skipped")}">
    <properties>${remarks}</properties>
    ${cases.map(testcase)}</testsuite
  > `;
}

/** What a suite and all suites together say of their tests. */
function totals(cases: readonly Case[]): Markup {
  const seconds = cases.reduce((sum, c) => sum + c.seconds, 0).toFixed(3);
  return html`tests="${cases.length}" failures="${of(cases, "failure")}" errors="${of(cases, "error")}"
  time="${seconds}"`;
}

function testcase({ name, group, seconds, fault }: Case): Markup {
  const open = html`<testcase name="${name}" classname="${group}" time="${seconds.toFixed(3)}"`;
  if (fault === undefined) return html`${open}/> `;
  const kind = trusted(fault.kind);
  return html`${open}><${kind} type="${fault.type}" message="${fault.text}">${fault.text}</${kind}></testcase>
`;
}

const of = (cases: readonly Case[], kind: "failure" | "error" | "skipped") =>
  cases.filter((c) => c.fault?.kind === kind).length;
