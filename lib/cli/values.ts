import { type Fault, WrongUse } from "../errors.ts";
import { expectedWord } from "./parse.ts";

/** Reads options' values and gathers what is wrong with them. */
export interface ValueReader {
  /** A whole number of at least `least`, and at most `most`. */
  whole(option: string, text: string | undefined, least: number, most?: number): number;
  /** A number of at least `least`. */
  number(option: string, text: string | undefined, least: number): number;
  /** Words with commas between them; undefined where the option was not given. */
  list(option: string, text: string | undefined): string[] | undefined;
  /** The same, each of them known. */
  listOf<T extends string>(option: string, text: string | undefined, known: readonly T[]): T[] | undefined;
  fault(fault: Fault): void;
  /** @throws WrongUse with all faults at once, where there are any */
  end(): void;
}

/** @param name of the command, as typed: its `--help` is what to do next */
export function readValues(name: string): ValueReader {
  const faults: Fault[] = [];
  const wrong = (option: string, text: string | undefined, expected: string) =>
    void faults.push({ what: `--${option} ${text ?? ""}`.trimEnd(), expected });
  const number = (option: string, text: string | undefined, expected: string, isRight: (n: number) => boolean) => {
    const value = text === undefined || text.trim() === "" ? NaN : Number(text);
    if (!Number.isFinite(value) || !isRight(value)) wrong(option, text, expected);
    return value;
  };
  const list = (option: string, text: string | undefined) => {
    const words = text?.split(",").map((word) => word.trim());
    if (words?.includes("") === true) wrong(option, `"${text}"`, "words with commas between them: A,B");
    return words?.filter((word) => word !== "");
  };
  return {
    whole: (option, text, least, most = Infinity) =>
      number(
        option,
        text,
        most === Infinity ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`,
        (n) => Number.isInteger(n) && n >= least && n <= most,
      ),
    number: (option, text, least) => number(option, text, `a number of at least ${least}`, (n) => n >= least),
    list,
    listOf: <T extends string>(option: string, text: string | undefined, known: readonly T[]) =>
      list(option, text)?.filter((word): word is T => {
        const isKnown = (known as readonly string[]).includes(word);
        if (!isKnown) faults.push({ what: `--${option}: there is no "${word}"`, expected: expectedWord(word, known) });
        return isKnown;
      }),
    fault: (fault) => void faults.push(fault),
    end() {
      if (faults.length === 0) return;
      throw new WrongUse(faults.map((f, i) => (i < faults.length - 1 || f.fix ? f : { ...f, fix: `${name} --help` })));
    },
  };
}
