import type { Render } from "../../bench/report/outputs/output.ts";

/** An output of a run: what a telegram would say. */
export const telegram: Render = ({ inputs }) => `${inputs.cells.length} cells STOP\n`;
