import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { repoRoot } from "../../lib/paths.ts";
import { requirementsFile } from "../../models/python.ts";
import { selectRequirements } from "../layers/requirements.ts";
import { RUNTIME_ENV, RUNTIME_PACKAGES, SESSION_PACKAGE } from "../tensorflow/layers.ts";
import { APP, PARSER, config } from "./images.ts";

/* A person's image is made by the Dockerfile, the lab's by layers: what is measured in the lab must be what a person gets. */

const read = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
/** The Dockerfile's instructions, each on one line: `COPY a b`. */
const instructions = read("Dockerfile")
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll(/ *\\\n */g, " ")
  .trim()
  .split("\n");
const all = (name: string) =>
  instructions.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
const copies = all("COPY").map((line) => {
  const words = line.split(" ");
  return { sources: words.slice(0, -1), place: words.at(-1) ?? "" };
});
const inCheckout = (path: string) => relative(repoRoot, path);
const spaced = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => line.replaceAll(/ +/g, " ").trim());

describe("the Dockerfile of the web frameworks makes the lab's image", () => {
  it("has Lathe's packages where its Python finds them, and nothing else of the checkout but the pins", () => {
    const [, version = ""] = /^python:(3\.\d+)-slim$/.exec(all("FROM")[0] ?? "") ?? [];
    const packages = `/usr/local/lib/python${version}/site-packages`;
    expect(copies).toEqual([
      { sources: [inCheckout(requirementsFile), "lab/web/requirements/${KIND}.txt"], place: "/tmp/requirements/" },
      ...[SESSION_PACKAGE, APP].map((path) => ({
        sources: [inCheckout(path)],
        place: `${packages}/${basename(path)}`,
      })),
    ]);
    // The pinned wheels are for this version.
    expect(readFileSync(requirementsFile, "utf8")).toContain(`and ${version} on x86-64 Linux`);
  });

  it("takes from the pins what the lab takes, checked by their hashes", () => {
    const [run = ""] = all("RUN");
    const [, expression = "-"] = /sed -n -E '([^']+)' requirements\.txt/.exec(run) ?? [];
    const taken = execFileSync("sed", ["-n", "-E", expression, requirementsFile], { encoding: "utf8" });
    const wanted = selectRequirements(readFileSync(requirementsFile, "utf8"), [...RUNTIME_PACKAGES, PARSER]);
    expect(spaced(taken.replaceAll(/\\\n/g, " ")).sort()).toEqual(spaced(wanted).sort());
    for (const option of ["--no-deps", "--require-hashes", "--only-binary=:all:", '-r session.txt -r "${KIND}.txt"'])
      expect(run).toContain(option);
  });

  it("starts as the lab's does: program, variables, port, a folder for models, no user of its own", () => {
    const { entrypoint = [], exposedPorts = [], env } = config;
    expect(JSON.parse(all("ENTRYPOINT")[0] ?? "[]")).toEqual([basename(entrypoint[0] ?? ""), ...entrypoint.slice(1)]);
    expect(all("EXPOSE").map((port) => `${port}/tcp`)).toEqual(exposedPorts);
    expect(env).toEqual(RUNTIME_ENV);
    const variables = (all("ENV")[0] ?? "").split(" ");
    for (const [name, value] of Object.entries(RUNTIME_ENV)) expect(variables).toContain(`${name}=${value}`);
    expect(all("RUN")[0]).toContain("mkdir /models");
    expect(all("USER")).toEqual(["65532:65532"]);
  });

  it("is sent no more of the checkout than it copies", () => {
    const lines = read("Dockerfile.dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const sent = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    expect(lines[0]).toBe("*");
    const sources = copies.flatMap((copy) => copy.sources).map((path) => path.replace(/\/\$\{KIND\}\.txt$/, ""));
    expect(sent.sort()).toEqual(sources.sort());
  });
});
