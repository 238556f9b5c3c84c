import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { WrongUse } from "../lib/errors.ts";
import { askAboutAll } from "./ask.ts";

function terminal(answer: string | undefined, isTTY = true) {
  const [input, output] = [new PassThrough(), new PassThrough()].map((s) => Object.assign(s, { isTTY }));
  if (input === undefined || output === undefined) throw new Error();
  if (answer === undefined) input.end();
  else input.write(answer);
  return { input, output };
}

it("`down` of every stack asks a person, and takes nothing but yes for an answer", async () => {
  for (const yes of ["y\n", "Yes\n"]) {
    const asked = terminal(yes);
    await askAboutAll(["cloud", "edge"], asked);
    expect(String(asked.output.read())).toContain("Take down cloud, edge? [y/N] ");
  }
  for (const no of ["\n", "n\n", "yess\n", undefined]) {
    const answered = askAboutAll(["cloud", "edge"], terminal(no));
    await expect(answered).rejects.toThrow(/^not taken down: cloud, edge\n {2}expected: stacks by name, or --all/);
  }
});

it("`down` of every stack wants --all where nobody can be asked", async () => {
  const refused = await askAboutAll(["cloud", "edge"], terminal("y\n", false)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WrongUse);
  expect((refused as Error).message).toMatch(
    /without --stack, all would be taken down: cloud, edge\n.*--all\n.*--stack cloud$/,
  );
});
