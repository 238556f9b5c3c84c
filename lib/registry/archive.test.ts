import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../run.ts";
import { nearBytes, sampled } from "../testing/fuzz.ts";
import { SCRIPT, extract } from "./archive.ts";

/** Runs the script once for each archive, in one Python: to start one each would take an hour. */
const MANY = `
import io, json, os, sys
script = compile(open(sys.argv[1]).read(), "script", "exec")
wrong = []
for name in sorted(os.listdir("archives")):
    out = os.path.join("out", name)
    os.makedirs(out)
    sys.argv = ["script", os.path.join("archives", name), out, "strip", "1000", "two", "a/one"]
    try:
        exec(script, {"__name__": "__main__"})
    except (SystemExit, Exception):
        pass
    except BaseException as error:
        wrong.append([name, repr(error)])
    for at, _, files in os.walk(out):
        if at != out or not set(files) <= {"0", "1"} or sum(os.path.getsize(os.path.join(at, f)) for f in files) > 1 << 22:
            wrong.append([name, at, files])
print(json.dumps(wrong))
`;

it("near-valid archives give the files that were asked for, or none, and nothing outside of their folder", async () => {
  const dir = mkdtempSync(join(tmpdir(), "lathe-archives-"));
  try {
    const make = [
      "mkdir -p pkg-1.0/a ../evil-$$ && echo one > pkg-1.0/a/one && echo two > pkg-1.0/two && ln -s ../../evil pkg-1.0/link",
      "tar czf s.tgz pkg-1.0 && tar cf s.tar pkg-1.0 && tar cJf s.txz pkg-1.0 && tar -cPf up.tar ../evil-$$ pkg-1.0/two && rmdir ../evil-$$",
      "python3 -m zipfile -c w.whl pkg-1.0 && rm -r pkg-1.0",
    ].join(" && ");
    await run(["sh", "-c", make], { cwd: dir });
    const valid = readdirSync(dir).map((name) => readFileSync(join(dir, name)));
    mkdirSync(join(dir, "archives"));
    mkdirSync(join(dir, "out"));
    writeFileSync(join(dir, "script"), SCRIPT);
    for (const [i, bytes] of sampled(1, nearBytes(valid)).entries())
      writeFileSync(join(dir, "archives", String(i)), bytes);
    const before = readdirSync(dir).sort();
    expect(JSON.parse(await run(["python3", "-c", MANY, "script"], { cwd: dir }))).toEqual([]);
    expect(readdirSync(dir).sort()).toEqual(before);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 300_000);

it("a member that unpacks to more than a file of its kind has is refused before it fills the disk", async () => {
  const dir = mkdtempSync(join(tmpdir(), "lathe-archives-"));
  try {
    await run(["sh", "-c", "head -c 5000000 /dev/zero > big && tar czf a.tgz big"], { cwd: dir });
    await expect(extract(join(dir, "a.tgz"), ["big"], join(dir, "out"), false, 1_000_000)).rejects.toThrow(
      /cannot unpack .*a\.tgz: big is larger than 1000000 bytes/,
    );
    await extract(join(dir, "a.tgz"), ["big"], join(dir, "out"), false, 6_000_000);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
