import { runCommand } from "../lib/cli.ts";
import { UserError } from "../lib/errors.ts";
import { formatTable } from "../lib/table.ts";
import { ensureToolchain, isMissing, locateToolchain, type Found, type Missing } from "./index.ts";

await runCommand(
  {
    name: "npm run toolchain --",
    summary: "Shows which of Pulumi's programs Lathe uses on this machine and where they come from.",
    operands: "[build]",
    options: { json: { type: "boolean", help: "print JSON instead of a table" } },
    details: [
      "Programs are taken from the PATH or from Pulumi's own plugin cache where their versions fit the npm packages: pulumi " +
        "no older than @pulumi/pulumi, plugins in exactly the version of @pulumi/docker and @pulumi/command. " +
        "`build` gets what is missing: as a download with the pulumi that is there, or else built from Go modules into Lathe's cache.",
      "Exit code 1 where a program is missing.",
    ],
    examples: [
      ["npm run toolchain", "what is used, and from where"],
      ["npm run toolchain -- build", "get what is missing (6 to 12 minutes on two cores, once)"],
    ],
  },
  async (values, operands) => {
    const [action, ...more] = operands;
    if ((action !== undefined && action !== "build") || more.length > 0)
      throw new UserError({
        what: `toolchain: ${operands.join(" ")}`,
        expected: "nothing or build",
        fix: "npm run toolchain -- --help",
      });
    if (action === "build") await ensureToolchain();
    const all = await locateToolchain();
    process.stdout.write(values.json === true ? `${JSON.stringify(all, undefined, 2)}\n` : `${table(all)}\n`);
    const missing = all.filter(isMissing).length;
    if (missing === 0) return 0;
    process.stderr.write(`${missing} of ${all.length} missing. Get them with: npm run toolchain -- build\n`);
    return 1;
  },
);

function table(all: readonly (Found | Missing)[]): string {
  return formatTable(
    [{ title: "program" }, { title: "version" }, { title: "from" }, { title: "path" }, { title: "note" }],
    all.map((p) =>
      "missing" in p ? [p.name, "", "missing", "", p.why ?? ""] : [p.name, p.version, p.from, p.path, p.note ?? ""],
    ),
  );
}
