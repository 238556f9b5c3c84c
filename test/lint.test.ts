import { Linter, type Rule } from "eslint";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repoRoot } from "../lib/paths.ts";

/* The rule of eslint.config.js about what shells read. */

const linter = new Linter();
const { shellText } = (await import(join(repoRoot, "eslint.config.js"))) as { shellText: Rule.RuleModule };

/** What the rule says of a module. */
const said = (code: string) =>
  linter
    .verify(code, [{ plugins: { lathe: { rules: { shellText } } }, rules: { "lathe/shellText": "error" } }])
    .map(({ messageId }) => messageId);

test("what varies is refused in shell text, by whatever way it comes there", () => {
  const refused = [
    "const f = (dir) => script(`rm -rf ${dir}`);",
    'const f = (dir) => ["sh", "-c", `cd ${dir}`];',
    'const f = (dir) => run([...["bash", "-euc", String.raw`cd ${dir}`]]);',
    "const f = (dir) => { const text = `cd ${dir}`; return script(text); };",
    'const f = (dir) => script("cd " + dir);',
    "const f = (dir) => execSync(`ls ${dir}`);",
    "const f = (dir, all) => script(all ? `ls ${dir}` : LIST);",
    "let dir = home(); script(`cd ${dir}`);",
    "const dir = process.env.HOME; script(`cd ${dir}`);",
    'import { homeOf } from "./x.js"; const f = (user) => script(`cd ${homeOf(user)}`);',
  ];
  for (const code of refused) expect([code, said(code)]).toEqual([code, ["varies"]]);
  expect(said('spawn("ls", [dir], { shell: true });')).toEqual(["shell"]);
});

test("constants, quoted words and texts that are made elsewhere are let through", () => {
  const good = [
    'script(`cd "$1"`, dir);',
    "const PORT = 8500; const ASK = `ss -lt ${PORT}`; script(`${ASK}; true`, dir);",
    'import { ROOT } from "./x.js"; script(`${ROOT} cd "$1"`, dir);',
    'const f = (words) => ["sh", "-c", `exec ${quoteAll(words)}`];',
    "const f = (text) => script(text, dir);",
    'const END = `${unlessAnothers("$1", "$2")}`; script(END);',
    'const KINDS = ["a", "b"]; script(`ask ${KINDS.map((k) => `--kind ${k}`).join(" ")}`);',
    'spawn("ls", [dir], { shell: false }); /(.)/.exec(`${dir}`);',
  ];
  for (const code of good) expect([code, said(code)]).toEqual([code, []]);
});
