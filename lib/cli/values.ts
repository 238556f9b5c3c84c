import { typedPath } from "../paths.ts";
import { expectedWord } from "./parse.ts";
import type { Reader } from "./spec.ts";

/** A whole number of at least `least`. */
export const whole = (least: number) =>
  numeric(`a whole number of at least ${least}`, (n) => Number.isInteger(n) && n >= least);

/** A number of at least `least`. */
export const number = (least: number) => numeric(`a number of at least ${least}`, (n) => n >= least);

/** A number above 0. */
export const positive = numeric("a number above 0", (n) => n > 0);

function numeric(expected: string, isRight: (n: number) => boolean): Reader<number> {
  return (text, wrong) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!Number.isFinite(value) || !isRight(value)) wrong(expected);
    return value;
  };
}

/** Words with commas between them. */
export const list: Reader<string[]> = (text, wrong) => {
  const words = text.split(",").map((word) => word.trim());
  if (words.includes("")) wrong("words with commas between them: A,B", ` "${text}"`);
  return words.filter((word) => word !== "");
};

/** Words with commas between them, each one of `known`. */
export const listOf =
  <T extends string>(known: readonly T[]): Reader<T[]> =>
  (text, wrong) =>
    list(text, wrong).filter((word): word is T => {
      const isKnown = (known as readonly string[]).includes(word);
      if (!isKnown) wrong(expectedWord(word, known), `: there is no "${word}"`);
      return isKnown;
    });

/** A file or folder: absolute, from `~/`, or from where the command was typed. */
export const path: Reader<string> = (text, wrong) => {
  if (text === "") wrong("a file or folder", ' ""');
  return typedPath(text);
};

/** Several files or folders, with commas between them. */
export const paths: Reader<string[]> = (text, wrong) => list(text, wrong).map(typedPath);

/** Photographs by number: `2,7` or `image-2`. */
export const imageNumbers: Reader<number[]> = (text, wrong) =>
  list(text, wrong).map((word) => {
    const id = Number(word.replace(/^image-/i, ""));
    if (!Number.isInteger(id) || id < 1) wrong("numbers such as 2,7", `: "${word}"`);
    return id;
  });
