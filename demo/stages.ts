/** What a person sees of the demo's course: each stage has its number and what it is for, on a line of its own. */
export interface Stages {
  /** Begins the next stage. */
  begin(title: string): void;
}

/**
 * The demo's stages in order. The steps inside of them report their own progress, in lines below.
 *
 * @param titles all of them: how many there are is said from the first one on
 * @throws Error where a stage begins that is not the next one
 */
export function stages(titles: readonly string[], write: (text: string) => void): Stages {
  let next = 0;
  return {
    begin(title) {
      if (titles[next] !== title) throw new Error(`the stage ${title} is not the next one: ${titles[next] ?? "none"}`);
      next += 1;
      write(`${next === 1 ? "" : "\n"}[${next}/${titles.length}] ${title}\n`);
    },
  };
}
