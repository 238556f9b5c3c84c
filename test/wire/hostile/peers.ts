import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { repoRoot } from "../../../lib/paths.ts";

/* Servers on loopback that send what no server should, as much of it as the client takes. */

/** What a client in a process of its own said of itself: see victim.ts. */
export interface Seen {
  readonly outcome: string;
  /** The most that it took beyond what it had when it was connected. */
  readonly mebibytes: number;
  readonly heapMebibytes: number;
  /** Whether the client ended the connection before the server had sent all. */
  readonly closed: boolean;
}

/** How a server behaves. */
export interface Hostile {
  /** Sent at once. */
  readonly greeting?: Buffer;
  /** Bytes by which it knows that a request has come; without them it goes on at once. */
  readonly after?: Buffer;
  /** Sent then: a beginning, a piece so many times, an end. */
  readonly first: Buffer;
  readonly piece?: Buffer;
  readonly times?: number;
  readonly last?: Buffer;
  /** It reads nothing more. */
  readonly deaf?: boolean;
}

/** Lets a client of a kind call such a server, or only connect to it. */
export async function meet(kind: string, mode: "call" | "idle", how: Hostile): Promise<Seen> {
  let heard: Buffer = Buffer.alloc(0);
  let [closed, over] = [false, () => {}];
  const sent = new Promise<void>((resolve) => (over = resolve));
  const server = createServer((socket) => {
    socket.setMaxListeners(0).on("error", () => {});
    socket.on("close", () => over());
    if (how.greeting !== undefined) socket.write(how.greeting);
    let begun = false;
    const begin = () => {
      begun = true;
      if (how.deaf === true) socket.pause();
      void pour(socket, how).then((all) => {
        closed = !all;
        over();
      });
    };
    socket.on("data", (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes]).subarray(-65_536);
      if (!begun && (how.after === undefined || heard.includes(how.after))) begin();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const victim = join(repoRoot, "test/wire/hostile/victim.ts");
  const child = spawn(process.execPath, [victim, kind, String(port), mode], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(child, "close");
  if (mode === "idle") void sent.then(() => setTimeout(() => child.stdin.end("\n"), 300));
  const [code] = (await ended) as [number | null];
  server.close();
  if (said === "") throw new Error(`the client ended with ${code} and said nothing`);
  return { ...(JSON.parse(said) as Omit<Seen, "closed">), closed };
}

/** Sends it all as fast as it is taken; false if the other side ended the connection before. */
async function pour(socket: Socket, { first, piece, times = 0, last }: Hostile): Promise<boolean> {
  const put = async (bytes: Buffer) => {
    if (socket.destroyed || !socket.writable) return false;
    if (!socket.write(bytes)) await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
    return !socket.destroyed;
  };
  if (!(await put(first))) return false;
  if (piece !== undefined) {
    const most = Math.max(1, Math.floor(2 ** 20 / piece.length));
    const block = Buffer.concat(Array<Buffer>(Math.min(most, times)).fill(piece));
    for (let left = times; left > 0; left -= most)
      if (!(await put(left >= most ? block : block.subarray(0, left * piece.length)))) return false;
  }
  return last === undefined || put(last);
}
