import { mkdir } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { tryRun } from "../run.ts";

/*
 * Python's own zipfile and tarfile read the members one by one, and Lathe chooses the names under which they are written. So
 * nothing in an archive decides where a file is written, and none of its code runs.
 */
export const SCRIPT = `
import os, sys, tarfile, zipfile
archive, out, strip, most, members = sys.argv[1], sys.argv[2], sys.argv[3] == "strip", int(sys.argv[4]), sys.argv[5:]
def bare(name):
    return name.split("/", 1)[1] if strip and "/" in name else name
if zipfile.is_zipfile(archive):
    source = zipfile.ZipFile(archive)
    found = {bare(i.filename): i for i in source.infolist() if not i.is_dir()}
    read = source.open
elif tarfile.is_tarfile(archive):
    source = tarfile.open(archive)
    found = {bare(m.name): m for m in source if m.isfile()}
    read = source.extractfile
else:
    found = dict.fromkeys(members[:1])
    read = lambda _: open(archive, "rb")
missing = [m for m in members if m not in found]
if missing:
    sys.exit("not in the archive: " + ", ".join(missing))
for index, member in enumerate(members):
    with read(found[member]) as source_file, open(os.path.join(out, str(index)), "wb") as target:
        # The sizes that an archive claims may be wrong: a small one may unpack to fill a disk.
        while piece := source_file.read(1 << 20):
            if target.tell() > most:
                sys.exit("%s is larger than %d bytes" % (member, most))
            target.write(piece)
`;

/** No file of a model is nearly as large. */
const MOST_BYTES = 16e9;

/**
 * Unpacks members of a zip or tar archive into `out`, each named by its index. Any other file counts as an archive whose one
 * member is the file itself.
 *
 * @param stripTop leave the archive's top folder out of member names (sdists and npm packages have one, wheels do not)
 */
export async function extract(
  archive: string,
  members: readonly string[],
  out: string,
  stripTop: boolean,
  mostBytes = MOST_BYTES,
): Promise<void> {
  await mkdir(out, { recursive: true });
  const args = [archive, out, stripTop ? "strip" : "whole", String(mostBytes), ...members];
  const result = await tryRun(["python3", "-c", SCRIPT, ...args]);
  if (result.exitCode === 0) return;
  throw new UserError({
    what: `cannot unpack ${archive}: ${result.stderr.trim().split("\n").at(-1) ?? "python3 failed"}`,
    expected: members.join(", "),
    fix: "python3 3.9 or newer must be on PATH; delete the archive if it is damaged, then run it again",
  });
}
