import type { Output } from "./output.ts";

/** Every output of a run: files of its folder, then those that an option asks for. Another one is a file, and a line here. */
export const OUTPUTS = [
  { file: "report.html", load: async () => (await import("./documents.ts")).page },
  { file: "methods.html", load: async () => (await import("./documents.ts")).methods },
  { file: "report.md", load: async () => (await import("./documents.ts")).markdown },
  { file: "report.csv", load: async () => (await import("./documents.ts")).csv },
  { file: "report.json", load: async () => (await import("./documents.ts")).json },
  {
    option: "junit",
    help: "JUnit XML of cells and thresholds",
    load: async () => (await import("./junit.ts")).junit,
  },
  {
    option: "summary",
    help: "Markdown for a CI job, 60 lines at most",
    appendTo: "GITHUB_STEP_SUMMARY",
    load: async () => (await import("./job-summary.ts")).jobSummary,
  },
  {
    option: "calls-csv",
    help: "every call as CSV with its cell's coordinates, for notebooks",
    load: async () => (await import("./calls.ts")).callsCsv,
  },
  {
    option: "openmetrics",
    help: "OpenMetrics text, for Prometheus",
    load: async () => (await import("./openmetrics.ts")).openMetrics,
  },
] as const satisfies readonly Output[];

/** Options that ask for an output. */
export type AskedOutput = Extract<(typeof OUTPUTS)[number], { option: string }>["option"];
