import { printResult } from "../lib/cli/result.ts";
import { command, jsonOption } from "../lib/cli/spec.ts";
import { say } from "../lib/output.ts";
import { formatTable } from "../lib/table.ts";
import type { Found, Missing } from "./index.ts";

const JSON_OPTION = jsonOption("lathe.toolchain/1");

export const toolchain = command(
  {
    name: "npx lathe toolchain",
    summary: "Shows which of Pulumi's programs Lathe uses on this machine and where they come from.",
    operands: "[ACTION]",
    most: 0,
    actions: {
      show: "what is used, and from where",
      build: "get what is missing: a download if pulumi is installed, otherwise a build from Go modules",
    },
    otherwise: "show",
    options: { json: JSON_OPTION },
    details: [
      "Programs come from the PATH or from Pulumi's own plugin cache if their versions fit the npm packages: pulumi no older than " +
        "@pulumi/pulumi, plugins in exactly the version of @pulumi/docker and @pulumi/command. Lathe's cache keeps what is built.",
    ],
    examples: [
      ["npx lathe toolchain", "the table"],
      ["npx lathe toolchain build", "6 to 12 minutes on two cores, once"],
    ],
    exits: { 0: "every program is there", 1: "one is missing" },
  },
  async (values, _operands, { action }) => {
    const { ensureToolchain, isMissing, locateToolchain } = await import("./index.ts");
    if (action === "build") await ensureToolchain();
    const all = await locateToolchain();
    printResult(JSON_OPTION, values.json, table(all), { programs: all });
    const missing = all.filter(isMissing).length;
    if (missing === 0) return 0;
    say(`${missing} of ${all.length} missing. Get them with: npx lathe toolchain build`);
    return 1;
  },
);

function table(all: readonly (Found | Missing)[]): string {
  return formatTable(
    ["program", "version", "from", "path", "note"],
    all.map((p) =>
      "missing" in p ? [p.name, "", "missing", "", p.why ?? ""] : [p.name, p.version, p.from, p.path, p.note ?? ""],
    ),
  );
}
