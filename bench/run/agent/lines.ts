import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Characters of a line; an agent's longest are answers, of half as many. */
const LONGEST_LINE = 2 ** 26;

/**
 * Reads a stream line by line, in time and memory that grow with it, and no further once a line has no end.
 *
 * @param tooLong called once, and no line after it
 */
export function eachLine(
  stream: Readable,
  take: (line: string) => void,
  tooLong: () => void,
  longest = LONGEST_LINE,
): void {
  const decoder = new StringDecoder("utf8");
  let begun: string[] = [];
  let characters = 0;
  stream.on("data", (chunk: Buffer) => {
    if (characters > longest) return;
    const [first = "", ...others] = decoder.write(chunk).split("\n");
    begun.push(first);
    characters += first.length;
    for (const next of others) {
      if (characters > longest) break;
      take(begun.join(""));
      begun = [next];
      characters = next.length;
    }
    if (characters <= longest) return;
    begun = [];
    tooLong();
  });
}
